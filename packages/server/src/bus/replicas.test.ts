import { afterEach, describe, expect, it } from 'vitest';
import { eventually, type RedisProcess } from '../local/redisProcesses.js';
import { type RedisTopology, startCluster, startSentinels, startSingle } from '../local/redisTopologies.js';
import type { TopicMessage } from '../topics/ports.js';
import { openBus } from './testing/BusLoad.js';
import { HearingNode, plenty } from './testing/describeBus.js';

const durable = { ...plenty, durable: true, whenFull: 'refuse' } as const;

let topology: RedisTopology;
let nodes: HearingNode[] = [];

afterEach(async () => {
  for (const { bus } of nodes) await bus.close();
  nodes = [];
  await topology.dispose();
});

/** A node that waits for so many replicas. */
async function join(id: string, redisReplicas: number): Promise<HearingNode> {
  const config = { ...topology.config, redisReplicas };
  const node = new HearingNode(id, openBus({ ...topology, config }, id));
  nodes.push(node);
  await node.open();
  expect(node.bus.status).toBe('ok');
  return node;
}

/** Nodes of Redis that only follow. */
async function replicas(): Promise<RedisProcess[]> {
  const masters = await topology.masters();
  return topology.nodes.filter((node) => !masters.includes(node));
}

/** They follow, and have nothing of what is accepted from now on: what a stopped process has been sent waits for it in its sockets. */
async function cutOff(idle: readonly RedisProcess[], masters: readonly RedisProcess[]): Promise<void> {
  for (const replica of idle) replica.pause();
  for (const master of masters) await master.ask('CLIENT', 'KILL', 'TYPE', 'replica');
}

/** The master that has the log of a topic. */
async function masterOf(topic: string): Promise<RedisProcess> {
  for (const master of await topology.masters()) {
    const keys = (await master.ask('KEYS', `*:log:${topic}`)) as readonly string[];
    if (keys.length > 0) return master;
  }
  throw new Error(`no master has ${topic}`);
}

/** Every message of `told` lies in the logs that are there now. */
async function allHeld(reader: HearingNode, told: readonly TopicMessage[]): Promise<string[]> {
  await eventually('the next master serves', () => reader.bus.status === 'ok');
  const held = new Set<string>();
  for (const topic of new Set(told.map((message) => message.topic)))
    for (const { id } of (await reader.bus.read(topic, undefined, 1_000)).messages) held.add(id);
  return told.filter(({ id }) => !held.has(id)).map(({ id }) => id);
}

const ways = [
  ['Sentinels', startSentinels, 2],
  ['Redis Cluster', startCluster, 1],
] as const;

describe.each(ways)('%s', (name, start, all) => {
  it(`[BUS-39] [MBX-9] [S003-25] the master and the node die together while it is loaded: what it had accepted is all there (${name})`, async () => {
    topology = await start();
    const [writer, reader] = [await join('w', all), await join('r', all)];
    const accepted: TopicMessage[] = [];
    const topics = Array.from({ length: 12 }, (_, at) => `box/${at}`);
    let isDead = false;
    const writing = topics.map(async (topic) => {
      while (!isDead) {
        const message = await writer.bus.append(writer.draft(topic), durable).catch(() => undefined);
        // Who is told after the end is told by a process that is no more.
        if (message !== undefined && !isDead) accepted.push(message);
      }
    });
    await eventually('there is something to lose', () => accepted.length > 1_000);
    const master = await masterOf('box/0');
    isDead = true;
    // What the node remembers of the last minute goes with it: nothing is added again.
    await Promise.all([master.kill(), writer.bus.close()]);
    await Promise.all(writing);
    await eventually('the other node notices', () => reader.bus.status === 'degraded');
    expect(await allHeld(reader, accepted)).toEqual([]);
  });

  it(`[BUS-39] [MBX-9] with the master alone a failover loses what no replica had, and with replicas that is not accepted (${name})`, async () => {
    topology = await start();
    const [careless, careful, reader] = [await join('x', 0), await join('y', all), await join('r', 0)];
    await careful.bus.append(careful.draft('box/0'), durable);
    const [masters, idle, master] = [await topology.masters(), await replicas(), await masterOf('box/0')];
    await cutOff(idle, masters);
    const lost = [await careless.bus.append(careless.draft('box/0'), durable)];
    const waiting: TopicMessage[] = [];
    const refusals: unknown[] = [];
    const asked = careful.bus.append(careful.draft('box/0'), durable).then(
      (message) => waiting.push(message),
      (error: unknown) => refusals.push(error),
    );
    await eventually('Redis has it', async () => {
      const { messages } = await reader.bus.read('box/0', undefined, 9);
      return messages.length === 3;
    });
    expect(waiting).toEqual([]);
    await Promise.all([careless.bus.close(), careful.bus.close(), master.kill()]);
    await asked;
    for (const replica of idle) replica.resume();
    expect([waiting, refusals]).toMatchObject([[], [{ code: 'BUS_UNAVAILABLE' }]]);
    await eventually('the other node notices', () => reader.bus.status === 'degraded');
    expect(await allHeld(reader, lost)).toEqual(['x-1']);
  });
});

describe('replicas that are asked for', () => {
  it('[BUS-39] are waited for, by durable messages alone, and one asking serves many', async () => {
    topology = await startSentinels();
    const node = await join('a', 2);
    const [master] = (await topology.masters()) as [RedisProcess];
    await Promise.all(Array.from({ length: 1_000 }, () => node.bus.append(node.draft('box'), durable)));
    await node.bus.append(node.draft('t'), plenty);
    const calls = async (command: string): Promise<number> => {
      const stats = String(await master.ask('INFO', 'commandstats'));
      return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
    };
    const asked = await calls('wait');
    expect(asked).toBeGreaterThan(1);
    expect(asked).toBeLessThan(100);
    const idle = await replicas();
    for (const replica of idle) replica.pause();
    // What is not durable does not stand behind what waits.
    const waiting: string[] = [];
    const late = node.bus.append(node.draft('box'), durable).then(({ id }) => waiting.push(id));
    await eventually('it is asked for', async () => (await calls('wait')) > asked);
    for (let i = 0; i < 20; i++) await node.bus.append(node.draft('t'), plenty);
    expect(waiting).toEqual([]);
    for (const replica of idle) replica.resume();
    await late;
    expect(waiting).toEqual(['a-1002']);
    const messages = (await node.bus.read('box', undefined, 2)).messages.map(({ id }) => id);
    expect(messages).toEqual(['a-1000', 'a-1002']);
  });

  it('[BUS-39] and are not there: it is warned of, and durable messages are refused in the end, others not', async () => {
    topology = await startSingle();
    const warnings: string[] = [];
    const config = { ...topology.config, redisReplicas: 1 };
    const node = new HearingNode('a', openBus({ ...topology, config }, 'a', 'topgun', warnings));
    nodes.push(node);
    await node.open();
    expect(warnings.join()).toMatch(/has 0 replicas, redisReplicas asks for 1/);
    const refused = node.bus.append(node.draft('box'), durable);
    refused.catch(() => undefined);
    await node.bus.append(node.draft('t'), plenty);
    await expect(refused).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE', retriable: true });
  });

  it('[BUS-30] [BUS-39] a connection that asks them and dies is made anew with the other one', async () => {
    topology = await startSentinels();
    const node = await join('a', 1);
    const [master] = (await topology.masters()) as [RedisProcess];
    await node.bus.append(node.draft('box'), durable);
    const clients = String(await master.ask('CLIENT', 'LIST', 'TYPE', 'normal'));
    const [, id = ''] = /id=(\d+) [^\n]* cmd=wait /.exec(clients) ?? [];
    const errors = (): number => (node.bus as ReturnType<typeof openBus>).stats().connectionErrors;
    const before = errors();
    await master.ask('CLIENT', 'KILL', 'ID', id);
    // It may be served again before anybody looks at its status.
    await eventually('it is noticed', () => errors() > before);
    await eventually('it is served again', () => node.bus.status === 'ok');
    await node.bus.append(node.draft('box'), durable);
  });
});
