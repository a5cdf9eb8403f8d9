import { describe, expect, it } from 'vitest';
import { drain, drainSite, stored, written } from './drain.js';

const OPS = 10_000;

const place = drainSite();

describe('a device with many waiting writes', () => {
  it(`[SRV-3 B9] sends ${OPS} of them, in order per key, and none twice`, async () => {
    await drain(place, OPS);
    expect(await stored(place)).toEqual(written(OPS));
  });
});
