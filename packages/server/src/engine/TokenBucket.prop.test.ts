import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TokenBucket } from './TokenBucket.js';

describe('TokenBucket', () => {
  it('[LMT-3] lets through what a model of whole milliseconds lets through', () => {
    const steps = fc.array(fc.record({ passMs: fc.nat(3_000), cost: fc.integer({ min: 1, max: 5_000 }) }), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(steps, fc.integer({ min: 0, max: 2 }), (taken, resumeSeconds) => {
        // 1,000 a second are one a millisecond: no fractions.
        const bucket = new TokenBucket({ perSecond: 1_000, burstSeconds: 3, resumeSeconds });
        let left = 3_000;
        let isShut = false;
        let now = 1_000_000;
        for (const { passMs, cost } of taken) {
          now += passMs;
          for (let ms = 0; ms < passMs; ms++) if (left < 3_000) left++;
          if (left <= 0) isShut = true;
          else if (left >= resumeSeconds * 1_000) isShut = false;
          const expected = isShut ? Math.max(1, resumeSeconds * 1_000) - left : 0;
          if (!isShut) left -= cost;
          expect(bucket.take(cost, now)).toBe(expected);
        }
      }),
    );
  });

  it('gives again when the time it named is over, and not before', () => {
    const bucket = new TokenBucket({ perSecond: 10, resumeSeconds: 1 });
    bucket.take(25, 0);
    expect(bucket.take(1, 0)).toBe(2_500);
    expect(bucket.take(1, 2_499)).toBe(1);
    expect(bucket.take(1, 2_500)).toBe(0);
  });

  it('a clock that is set back fills nothing and takes nothing away', () => {
    const bucket = new TokenBucket({ perSecond: 10 });
    bucket.take(10, 5_000);
    expect(bucket.take(1, 0)).toBe(100);
    expect(bucket.take(1, 100)).toBe(0);
  });

  it('is full when all that was taken has come back', () => {
    const bucket = new TokenBucket({ perSecond: 10, burstSeconds: 2 });
    expect(bucket.isFull(0)).toBe(true);
    bucket.take(5, 0);
    expect(bucket.isFull(499)).toBe(false);
    expect(bucket.isFull(500)).toBe(true);
  });
});
