import { partitionOf } from '@topgun/core';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually, type RedisProcess } from '../local/redisProcesses.js';
import { type RedisTopology, startCluster, startSentinels } from '../local/redisTopologies.js';
import { slotOfPartition } from './partitionTags.js';
import { BusLoad } from './testing/BusLoad.js';

/** How often masters are killed; `npm run test:bus -- --kills 20` asks for more. */
const KILLS = Number(process.env.TOPGUN_BUS_KILLS || '1');
const IN_MS = 30_000;
/** Sentinels begin no other failover of a master within twice their failover-timeout. */
const APART_MS = 13_000;

let topology: RedisTopology;
let load: BusLoad;

afterEach(async () => {
  await load.close();
  await topology.dispose();
});

const heardOnBy = (count: number): Promise<void> =>
  eventually(
    `${count} more messages are heard everywhere`,
    (() => {
      const from = load.nodes.map(({ heard }) => heard.length);
      return () => load.nodes.every(({ heard }, at) => heard.length >= (from[at] ?? 0) + count);
    })(),
    IN_MS,
  );

/** What a run must show, whatever happened in it. */
function expectAllDelivered(): void {
  expect(load.undelivered).toEqual([]);
  expect(load.repeated).toEqual([]);
  expect(load.nodes.flatMap(({ lost }) => lost)).toEqual([]);
  expect(load.refusals).toEqual([]);
}

describe.each([
  ['Sentinels', startSentinels],
  ['Redis Cluster', startCluster],
] as const)('%s', (name, start) => {
  it(
    `[BUS-31] [BUS-35] [BUS-37] [S003-24] [S003-25] [S004-30] the master is killed under 500 messages a second: nothing accepted is undelivered (${name})`,
    async () => {
      topology = await start();
      load = new BusLoad(topology);
      await load.start();
      let killedMs = Number.NEGATIVE_INFINITY;
      for (let kill = 0; kill < KILLS; kill++) {
        await heardOnBy(300);
        await eventually('another failover may begin', () => performance.now() - killedMs > APART_MS);
        const masters = await topology.masters();
        const victim = masters[kill % masters.length];
        killedMs = performance.now();
        await victim?.kill();
        await eventually('nodes notice', () => !load.isWell, IN_MS);
        await eventually('nodes are served again', () => load.isWell, IN_MS);
        await heardOnBy(300);
        await victim?.start();
        await topology.settled();
      }
      await load.finish();
      const { gapMs, accepted } = load;
      process.stdout.write(
        `${name}: ${KILLS} kills, ${accepted.length} accepted, undelivered ${load.undelivered.length}, repeated ${load.repeated.length}, gap ${Math.round(gapMs)} ms, ${JSON.stringify(load.stats())}\n`,
      );
      expectAllDelivered();
      expect(gapMs).toBeLessThan(15_000);
    },
    120_000 + KILLS * 60_000,
  );
});

describe('a slot moves', () => {
  it('[BUS-31] [S000-21] [S004-15] to another master of the cluster under 500 messages a second: nothing accepted is undelivered', async () => {
    topology = await startCluster();
    load = new BusLoad(topology, { topics: 1 });
    await load.start();
    await heardOnBy(200);
    const masters = await topology.masters();
    const slot = slotOfPartition(partitionOf('load/0'));
    await moveSlot(slot, masters);
    await heardOnBy(500);
    await load.finish();
    expectAllDelivered();
    expect(load.gapMs).toBeLessThan(15_000);
  });
});

/** As an operator's tool does it: the keys go over while the slot is served, then everybody is told. */
async function moveSlot(slot: number, masters: readonly RedisProcess[]): Promise<void> {
  const at = String(slot);
  const owned = await Promise.all(
    masters.map(async (master) => {
      const port = master.port;
      const ranges = (await master.ask('CLUSTER', 'SLOTS')) as readonly [number, number, [string, number]][];
      return ranges.some(([first, last, [, owner]]) => first <= slot && slot <= last && owner === port);
    }),
  );
  const from = masters[owned.indexOf(true)] as RedisProcess;
  const to = masters[owned.indexOf(false)] as RedisProcess;
  const [fromId, toId] = [String(await from.ask('CLUSTER', 'MYID')), String(await to.ask('CLUSTER', 'MYID'))];
  await to.ask('CLUSTER', 'SETSLOT', at, 'IMPORTING', fromId);
  await from.ask('CLUSTER', 'SETSLOT', at, 'MIGRATING', toId);
  await eventually('its keys have gone over', async () => {
    const keys = (await from.ask('CLUSTER', 'GETKEYSINSLOT', at, '10')) as string[];
    if (keys.length > 0)
      await from.ask('MIGRATE', to.host, String(to.port), '', '0', '5000', 'KEYS', ...keys);
    return keys.length === 0;
  });
  for (const node of [to, from, ...masters]) await node.ask('CLUSTER', 'SETSLOT', at, 'NODE', toId);
}
