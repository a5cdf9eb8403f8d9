import { pino } from 'pino';
import { afterAll, beforeAll, describe } from 'vitest';
import { type RedisTopology, startCluster, startSentinels, startSingle } from '../local/redisTopologies.js';
import type { Bus } from '../topics/ports.js';
import { createRedisBus } from './createRedisBus.js';
import { type BusHarness, describeBus, describeJoinedBuses } from './testing/describeBus.js';

describe.each([
  ['one Redis', startSingle],
  ['Sentinels', startSentinels],
  ['Redis Cluster', startCluster],
] as const)('%s', (name, start) => {
  let topology: RedisTopology;
  let round = 0;

  beforeAll(async () => {
    topology = await start();
  });
  afterAll(() => topology.dispose());

  const harness = async (): Promise<BusHarness> => {
    // A prefix of its own is a Redis of its own.
    const redisPrefix = `r${++round}`;
    return {
      bus: (nodeId): Bus => {
        const around = { nodeId, logger: pino({ level: 'silent' }), wallMs: () => Date.now() };
        return createRedisBus({ ...topology.config, redisPrefix }, around) as Bus;
      },
      dispose: () => Promise.resolve(),
    };
  };
  describeBus(`RedisBus over ${name}`, harness);
  describeJoinedBuses(`RedisBus over ${name}`, harness);
});
