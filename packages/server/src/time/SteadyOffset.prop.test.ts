import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SteadyOffset } from './SteadyOffset.js';

describe('SteadyOffset', () => {
  it('[NTP-4] [S000-19] local clock and offset together never go back, whatever is aimed at', () => {
    const step = fc.record({
      passMs: fc.nat({ max: 5_000 }),
      aimMs: fc.option(fc.integer({ min: -60_000, max: 60_000 })),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
        const offset = new SteadyOffset();
        let localMs = 0;
        let lastMs = 0;
        for (const { passMs, aimMs } of steps) {
          localMs += passMs;
          const nowMs = localMs + offset.at(localMs);
          expect(nowMs).toBeGreaterThanOrEqual(lastMs);
          if (aimMs !== null) offset.aim(aimMs, localMs);
          lastMs = localMs + offset.at(localMs);
          expect(lastMs).toBeGreaterThanOrEqual(nowMs);
        }
      }),
    );
  });

  it('[NTP-4] goes forward at once, and back at half the speed of time until it is there', () => {
    const offset = new SteadyOffset();
    offset.aim(500, 1_000);
    expect(offset.at(1_000)).toBe(500);
    offset.aim(-500, 2_000);
    expect([2_000, 3_000, 4_000, 9_000].map((ms) => offset.at(ms))).toEqual([500, 0, -500, -500]);
    offset.set(-9_000);
    expect(offset.at(0)).toBe(-9_000);
  });
});
