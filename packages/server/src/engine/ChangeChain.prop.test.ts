import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareOffsets } from '../storage/Store.js';
import { ChangeChain } from './ChangeChain.js';
import { Row, Slot } from './Row.js';

const rowAt = (key: string, epoch: number, n: number, value: unknown): Row =>
  Row.of({ map: 'm', key, kind: 'LWW', value, t: n, node: 'a', epoch, n });

describe('items by their last change', () => {
  it('[RES-1] lists what changed after any offset, each item once, in order, whatever was loaded, changed or purged', () => {
    const step = fc.record({
      key: fc.nat(9),
      how: fc.constantFrom('change', 'change', 'drop', 'ask'),
      after: fc.nat(80),
    });
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(fc.nat(9), fc.nat(30)), { selector: ([key]) => key }),
        fc.array(step, { maxLength: 60 }),
        (loaded, steps) => {
          const chain = new ChangeChain();
          const slots = Array.from({ length: 10 }, (_, key) => new Slot(`k${key}`));
          const commit = (key: number, epoch: number, n: number): void => {
            const slot = slots[key] as Slot;
            slot.committed = rowAt(`k${key}`, epoch, n, n % 3 === 0 ? undefined : n);
            chain.note(slot, slot.committed);
          };
          // A store is loaded in any order.
          for (const [key, n] of loaded) commit(key, 1, n);
          const expectAll = (epoch: number, n: number): void => {
            const expected = slots
              .flatMap(({ committed }) => committed ?? [])
              .filter((row) => compareOffsets(row, { epoch, n }) > 0)
              .sort(compareOffsets);
            const found = chain.since({ epoch, n });
            expect(found.map((row) => [row.epoch, row.n])).toEqual(expected.map((row) => [row.epoch, row.n]));
            expect(new Set(found)).toEqual(new Set(expected));
          };
          steps.forEach(({ key, how, after }, i) => {
            const slot = slots[key] as Slot;
            if (how === 'change') commit(key, 2, i + 1);
            else if (how === 'ask') expectAll(after % 2 === 0 ? 1 : 2, after >> 1);
            else if (slot.committed !== undefined) {
              slot.committed = undefined;
              chain.drop(slot);
            }
          });
          expectAll(0, 0);
        },
      ),
      { numRuns: 300 },
    );
  });
});
