import { PARTITION_COUNT } from '@topgun/core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RedisProcess } from '../local/redisProcesses.js';
import { type RedisTopology, startSingle } from '../local/redisTopologies.js';
import { slotOfPartition, tagOfPartition } from './partitionTags.js';

let topology: RedisTopology;
beforeAll(async () => {
  topology = await startSingle(['cluster-enabled yes']);
});
afterAll(() => topology.dispose());

const all = Array.from({ length: PARTITION_COUNT }, (_, partition) => partition);

it('[BUS-21] the slot of each tag is the one that Redis says', async () => {
  const [redis] = topology.nodes as [RedisProcess];
  const slots = await Promise.all(
    all.map((partition) => redis.ask('CLUSTER', 'KEYSLOT', `x:{${tagOfPartition(partition)}}:y`)),
  );
  expect(slots).toEqual(all.map(slotOfPartition));
  expect(new Set(slots).size).toBe(PARTITION_COUNT);
});

it('[BUS-21] [S004-15] masters with equal ranges of slots differ by one partition', () => {
  for (let masters = 1; masters <= 12; masters++) {
    const counts = new Array<number>(masters).fill(0);
    for (const partition of all) {
      const master = Math.floor((slotOfPartition(partition) * masters) / 16_384);
      counts[master] = (counts[master] ?? 0) + 1;
    }
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
  }
  expect(() => tagOfPartition(PARTITION_COUNT)).toThrow(RangeError);
});
