import type { ClusterWatch, ClusterWorld } from '../ClusterWorld.js';

/** A law of clusters alone. */
export interface ClusterLaw {
  watch?(world: ClusterWorld): ClusterWatch;
  /** Looks once at a world that has healed and is quiet. */
  atEnd?(world: ClusterWorld): void;
}
