import type { Checker } from './Checker.js';

interface Highest {
  readonly t: number;
  readonly node: string;
  readonly isRemoved: boolean;
  readonly repaired: number;
}

/**
 * G1: nothing deleted comes back. The disk forgets deletions; this does not: of every record it knows the highest
 * version that was ever committed, and no later commit may end below it. A removed element stays removed.
 */
export const neverBack: Checker = {
  watch(world) {
    const highest = new Map<string, Highest>();
    return {
      committed(batch) {
        // A store that has lost time has older versions, until their makers have sent what is missing again.
        if (world.store.rollbacks > 0) return;
        for (const { map, key, tag, kind } of batch.slices.flatMap(({ records }) => records)) {
          if (kind === 'PN') continue;
          const record = world.store.get(map, key, tag);
          if (record === undefined) continue;
          const item = JSON.stringify([map, key, tag ?? null]);
          const before = highest.get(item);
          const { t, node, value, repaired = 0 } = record;
          const isBack =
            before !== undefined &&
            (kind === 'OR'
              ? before.isRemoved && value !== undefined
              : // A repair puts an older stamp in place of a later one, once (CLK-7).
                before.repaired >= repaired &&
                (before.repaired > repaired ||
                  before.t > t ||
                  (before.t === t && before.node > node) ||
                  (before.t === t && before.node === node && before.isRemoved && value !== undefined)));
          if (isBack)
            world.fail(`G1: ${map}/${key} is back: it holds a version older than one that was committed`);
          highest.set(item, { t, node, isRemoved: value === undefined, repaired });
        }
      },
    };
  },
};
