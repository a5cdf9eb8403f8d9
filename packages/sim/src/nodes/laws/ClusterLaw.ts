import type { ClusterWatch, ClusterWorld } from '../ClusterWorld.js';

/** A law of clusters alone. */
export interface ClusterLaw {
  watch?(world: ClusterWorld): ClusterWatch;
  /** Every 500 virtual ms. */
  look?(world: ClusterWorld): void;
  /** Looks once at a world that has healed and is quiet. */
  atEnd?(world: ClusterWorld): void;
}
