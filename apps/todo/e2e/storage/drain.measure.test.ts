import { describe, expect, it } from 'vitest';
import { drain, drainSite, stored, written } from './drain.js';
import type { Slices } from './mainThread.js';

const OPS = 100_000;
const SLICE_MS_MAX = 50;

const place = drainSite();

const told = ({ tasks, longestMs, longestWallMs }: Slices): string =>
  `${tasks} tasks, the longest ${longestMs.toFixed(0)} ms of the main thread (${longestWallMs.toFixed(0)} ms passed)`;

describe('a device with many waiting writes', () => {
  it(`[SRV-3 B9] sends ${OPS} of them, in order per key, and holds its page for ${SLICE_MS_MAX} ms at most`, async () => {
    const cost = await drain(place, OPS);
    expect(await stored(place)).toEqual(written(OPS));
    console.info(
      `start with ${OPS} waiting ops: ${told(cost.start)}\ndrain in ${cost.seconds.toFixed(1)} s: ${told(cost.drain)}`,
    );
    expect(cost.drain.longestMs).toBeLessThanOrEqual(SLICE_MS_MAX);
  });
});
