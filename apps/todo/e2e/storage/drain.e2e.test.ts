import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Stage } from '../Stage.js';
import { drain, stored, written } from './drain.js';
import { StorageSite } from './StorageSite.js';

const OPS = 10_000;

let site: StorageSite;
let stage: Stage;

beforeAll(async () => {
  [site, stage] = await Promise.all([StorageSite.open(), Stage.open()]);
});
afterAll(async () => {
  await Promise.all([site?.close(), stage?.close()]);
});

describe('a device with many waiting writes', () => {
  it(`[SRV-3 B9] sends ${OPS} of them, in order per key, and none twice`, async () => {
    await drain(site, stage, OPS);
    expect(await stored(stage)).toEqual(written(OPS));
  });
});
