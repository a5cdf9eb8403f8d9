import { compareOffsets } from '@topgun/server/internal/storage/Store';
import type { ClusterLaw } from './ClusterLaw.js';

/** C1, CLU-20: in the end all nodes hold the same, which is what the database holds, and stand where it stands. */
export const agreement: ClusterLaw = {
  atEnd(world) {
    const maps = new Set([...world.store.records.values()].map(({ map }) => map));
    const [first, ...others] = world.cluster.members;
    if (first === undefined) return;
    for (const map of maps)
      for (const { self, engine } of others)
        if (engine.rootOf(map) !== first.engine.rootOf(map))
          world.fail(
            `C1: root of ${map} is ${engine.rootOf(map)} at ${self.name} and ${first.engine.rootOf(map)} at ${first.self.name}`,
          );
    for (const [pid, high] of world.store.highs)
      for (const { self, engine } of world.cluster.members) {
        const place = engine.cluster?.placeOf(pid);
        if (place === undefined || compareOffsets(place, high) !== 0)
          world.fail(
            `CLU-21: ${self.name} stands at (${place?.epoch}, ${place?.n}) of partition ${pid}, the database at (${high.epoch}, ${high.n})`,
          );
      }
  },
};
