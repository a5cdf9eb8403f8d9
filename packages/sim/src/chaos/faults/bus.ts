import type { RedisProcess } from '@topgun/server/internal/local/redisProcesses';
import { NODES } from '../stage/ChaosStage.js';
import { REDIS, type RedisPlace } from '../stage/RedisPlace.js';
import { type Fault, type Scene, someSeconds } from './Fault.js';

interface Struck {
  readonly redis: RedisPlace;
  readonly master: RedisProcess;
}

async function strike({ stage, rng }: Scene): Promise<Struck> {
  const { redis } = stage;
  if (redis === undefined) throw new Error('There is no Redis here.');
  const masters = await redis.masters();
  // Of a cluster three, of which one is struck.
  return { redis, master: rng.pick(masters) };
}

const killed: Fault = {
  kind: 'Redis killed',
  group: 'bus',
  begin: async (scene) => {
    const { redis, master } = await strike(scene);
    await master.kill();
    const heal = async (): Promise<void> => {
      await redis.start(master);
      await redis.settled();
    };
    return { what: `the one on ${master.port}`, lastsMs: someSeconds(scene.rng), heal };
  },
};

const paused: Fault = {
  kind: 'Redis paused',
  group: 'bus',
  begin: async (scene) => {
    const { redis, master } = await strike(scene);
    master.pause();
    const heal = async (): Promise<void> => {
      master.resume();
      await redis.settled();
    };
    return { what: `the one on ${master.port}`, lastsMs: someSeconds(scene.rng), heal };
  },
};

const flushed: Fault = {
  kind: 'Redis flushed',
  group: 'bus',
  begin: async (scene) => {
    const { redis } = await strike(scene);
    const masters = await redis.masters();
    await Promise.all(masters.map((master) => master.ask('FLUSHALL')));
    return { what: `FLUSHALL, ${masters.length} masters`, lastsMs: 0, heal: async () => undefined };
  },
};

const way = (kind: string, effect: 'cut' | 'hold' | 'half'): Fault => ({
  kind: `Redis ${kind}`,
  group: 'bus',
  begin: async ({ stage, rng }) => {
    const node = stage.nameOf(rng.int(0, NODES - 1));
    const lift = stage.net.lay({ between: [node, REDIS], direction: 'both', effect: { type: effect } });
    return { what: `${node} ↔ ${REDIS}`, lastsMs: someSeconds(rng), heal: async () => lift() };
  },
});

/** For a cluster of nodes that has a Redis. */
export const bus: readonly Fault[] = [
  killed,
  paused,
  flushed,
  way('cut from a node', 'cut'),
  way('silent to a node', 'hold'),
  way('half open', 'half'),
];
