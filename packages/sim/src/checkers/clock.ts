import type { Checker } from './Checker.js';

const SKEW_MS_MAX = 60_000;

/** T2: neither the server's clock nor anything on disk is beyond the allowed skew. */
export const clock: Checker = {
  atEnd(world) {
    const now = world.trueWallMs();
    const aheadMs = (world.node?.engine.stats().clock ?? 0) / 2048 - now;
    if (aheadMs > SKEW_MS_MAX)
      world.fail(`T2: the server's clock is ${Math.round(aheadMs / 1000)} s ahead of its wall clock`);
    for (const record of world.store.records.values()) {
      const recordAheadMs = record.t / 2048 - now;
      if (recordAheadMs > SKEW_MS_MAX)
        world.fail(
          `T2: ${record.map}/${record.key} is stamped ${Math.round(recordAheadMs / 1000)} s ahead of the server`,
        );
    }
  },
};
