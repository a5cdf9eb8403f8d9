import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rankOf } from '../../value/compareValues.js';
import { IntervalIndex } from './IntervalIndex.js';

const bound = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 60 }) },
  { weight: 1, arbitrary: fc.bigInt({ min: 0n, max: 60n }) },
  { weight: 1, arbitrary: fc.constant(undefined) },
);
const steps = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ from: bound, to: bound }) },
    { weight: 1, arbitrary: fc.record({ takeOut: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ look: fc.integer({ min: -1, max: 61 }) }) },
  ),
  { minLength: 1, maxLength: 200, size: 'max' },
);

describe('IntervalIndex', () => {
  it('[Q-10] finds exactly the intervals that a value lies in, while they come and go', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const rank = rankOf(0);
        const index = new IntervalIndex<number>(rank);
        const held = new Map<number, { from: unknown; to: unknown; remove: () => void }>();
        all.forEach((step, at) => {
          if ('look' in step) {
            const found: number[] = [];
            index.stab(step.look, (owner) => found.push(owner));
            const expected = [...held].flatMap(([owner, { from, to }]) => {
              const begins = from === undefined || (from as number) <= step.look;
              const reaches = to === undefined || (to as number) >= step.look;
              return begins && reaches ? [owner] : [];
            });
            expect(found.sort((a, b) => a - b)).toEqual(expected);
          } else if ('takeOut' in step) {
            const owner = [...held.keys()][step.takeOut % Math.max(1, held.size)];
            if (owner === undefined) return;
            held.get(owner)?.remove();
            held.delete(owner);
          } else {
            const { from, to } = step;
            held.set(at, { from, to, remove: index.add({ rank, from, to }, at) });
          }
          expect(index.size).toBe(held.size);
        });
      }),
      { numRuns: 200 },
    );
  });
});
