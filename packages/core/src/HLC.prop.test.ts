import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../test/arbitraries.js';
import { packTime, stampOf, timestampOf, unpackTime } from './clock/Timestamp.js';
import { HLC } from './HLC.js';

const walls = fc.oneof(
  fc.constantFrom(0, 1_000, Number.NaN, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, -5, 1e15),
  fc.integer({ min: 0, max: 10_000 }),
  fc.double({ min: 0, max: 10_000, noNaN: true }),
);
const remotes = fc.record({
  millis: fc.integer({ min: 0, max: 200_000 }),
  counter: fc.integer({ min: 0, max: 2047 }),
});
const steps = fc.array(
  fc.oneof(
    walls.map((wall) => ({ wall })),
    remotes.map((remote) => ({ remote })),
  ),
  {
    maxLength: 60,
  },
);

describe('HLC', () => {
  it('[CLK-2] now() is strictly monotone under frozen, backward, jumping and broken clocks, and above all accepted', () => {
    fc.assert(
      fc.property(steps, (sequence) => {
        const clock = new FakeClock();
        const hlc = new HLC('n', { clock });
        let last = hlc.nowPacked();
        for (const step of sequence) {
          if ('wall' in step) clock.nowMs = step.wall;
          else if (hlc.update({ ...step.remote, nodeId: 'm' })) {
            last = Math.max(last, packTime(step.remote.millis, step.remote.counter));
          }
          const next = hlc.nowPacked();
          expect(next).toBeGreaterThan(last);
          expect(Number.isSafeInteger(next)).toBe(true);
          last = next;
        }
      }),
      { numRuns: 300 },
    );
  });

  it('[CLK-1] packing keeps the order and loses nothing', () => {
    const parts = fc.record({ millis: fc.nat({ max: 2 ** 42 - 1 }), counter: fc.nat({ max: 2047 }) });
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        expect(unpackTime(packTime(a.millis, a.counter))).toEqual(a);
        const order = HLC.compare({ ...a, nodeId: 'n' }, { ...b, nodeId: 'n' });
        expect(Math.sign(packTime(a.millis, a.counter) - packTime(b.millis, b.counter))).toBe(
          Math.sign(order),
        );
      }),
    );
  });

  it('[CLK-1] toString and parse round-trip for any node id, as do stampOf and timestampOf', () => {
    const timestamps = fc.record({
      millis: fc.nat({ max: 2 ** 42 - 1 }),
      counter: fc.nat({ max: 2047 }),
      nodeId: fc.oneof(fc.constantFrom(':', 'a:b', '\n'), fc.string({ minLength: 1 })),
    });
    fc.assert(
      fc.property(timestamps, (timestamp) => {
        expect(HLC.parse(HLC.toString(timestamp))).toEqual(timestamp);
        const { t, node } = stampOf(timestamp);
        expect(timestampOf(t, node)).toEqual(timestamp);
      }),
    );
  });
});
