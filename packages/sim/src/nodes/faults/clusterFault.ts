import type { Blow, Fault } from '../../faults/Fault.js';
import { ClusterWorld } from '../ClusterWorld.js';
import type { Place } from '../SimCluster.js';

/** What a fault of a cluster strikes at: one of its nodes, by chance. */
export interface ClusterBlow extends Blow {
  readonly world: ClusterWorld;
  readonly place: Place;
}

interface Struck {
  readonly name: string;
  canStrike?(blow: ClusterBlow): boolean;
  strike(blow: ClusterBlow): void;
}

/** A fault of the profiles that have a cluster; in the others it is never drawn. */
export const clusterFault = ({ name, canStrike, strike }: Struck): Fault => {
  const at = (blow: Blow): ClusterBlow | undefined => {
    const { world, rng } = blow;
    if (!(world instanceof ClusterWorld)) return undefined;
    return { ...blow, world, place: rng.pick(world.cluster.places) };
  };
  // The node is drawn once for a blow.
  const drawn = new WeakMap<Blow, ClusterBlow>();
  return {
    name,
    weight: 0,
    canStrike(blow) {
      const found = at(blow);
      if (found === undefined) return false;
      drawn.set(blow, found);
      return canStrike?.(found) !== false;
    },
    strike(blow) {
      const found = drawn.get(blow);
      if (found !== undefined) strike(found);
    },
  };
};

/** Keeps a node down for a while; then whoever runs it starts it again. */
export function holdDown({ world, place }: ClusterBlow, ms: number): void {
  place.held++;
  world.during(ms, () => {
    place.held--;
    world.cluster.start(place);
  });
}
