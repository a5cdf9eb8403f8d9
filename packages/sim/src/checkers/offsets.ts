import type { Checker } from './Checker.js';

interface High {
  readonly epoch: number;
  readonly n: number;
}

const isAbove = (a: High, b: High): boolean => a.epoch > b.epoch || (a.epoch === b.epoch && a.n > b.n);

/**
 * RES-1 and INC-2: an offset is given once. What a commit brings lies above all that its partition ever held, whatever was purged since;
 * and no node ever takes a disk that was never put back for one that has lost time.
 */
export const offsets: Checker = {
  watch(world) {
    const highs = new Map<number, High>();
    return {
      committed(batch) {
        // A store that has lost time does not know what it gave; another epoch keeps the two apart.
        if (world.store.restores > 0) return;
        for (const { pid, records, high } of batch.slices) {
          const before = highs.get(pid);
          for (const { map, key, epoch, n } of records)
            if (before !== undefined && !isAbove({ epoch, n }, before))
              world.fail(
                `RES-1: ${map}/${key} got offset (${epoch}, ${n}), and partition ${pid} was at (${before.epoch}, ${before.n})`,
              );
          if (before === undefined || isAbove(high, before)) highs.set(pid, high);
        }
      },
      look() {
        if (world.store.rollbacks > 0 && world.store.restores === 0)
          world.fail('INC-2: the server began a new life, and its disk was never put back');
      },
    };
  },
};
