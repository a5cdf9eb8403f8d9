import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Stage } from '../Stage.js';
import { drain, stored, written } from './drain.js';
import type { Slices } from './mainThread.js';
import { StorageSite } from './StorageSite.js';

const OPS = 100_000;
const SLICE_MS_MAX = 50;

let site: StorageSite;
let stage: Stage;

beforeAll(async () => {
  [site, stage] = await Promise.all([StorageSite.open(), Stage.open()]);
});
afterAll(async () => {
  await Promise.all([site?.close(), stage?.close()]);
});

const told = ({ tasks, longestMs, longestWallMs }: Slices): string =>
  `${tasks} tasks, the longest ${longestMs.toFixed(0)} ms of the main thread (${longestWallMs.toFixed(0)} ms passed)`;

describe('a device with many waiting writes', () => {
  it(`[SRV-3 B9] sends ${OPS} of them, in order per key, and holds its page for ${SLICE_MS_MAX} ms at most`, async () => {
    const cost = await drain(site, stage, OPS);
    expect(await stored(stage)).toEqual(written(OPS));
    console.info(
      `start with ${OPS} waiting ops: ${told(cost.start)}\ndrain in ${cost.seconds.toFixed(1)} s: ${told(cost.drain)}`,
    );
    expect(cost.drain.longestMs).toBeLessThanOrEqual(SLICE_MS_MAX);
  });
});
