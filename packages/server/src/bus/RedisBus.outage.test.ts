import { LIMITS } from '@topgun/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually, type RedisProcess } from '../local/redisProcesses.js';
import { type RedisTopology, startSingle } from '../local/redisTopologies.js';
import { openBus } from './testing/BusLoad.js';
import { HearingNode, plenty } from './testing/describeBus.js';

let topology: RedisTopology;
let redis: RedisProcess;
let a: HearingNode;
let b: HearingNode;
const NOWHERE = { epoch: '', offset: 0 };

const busOf = ({ bus }: HearingNode): ReturnType<typeof openBus> => bus as ReturnType<typeof openBus>;
const allWell = (): Promise<void> =>
  eventually('both are served', () => a.bus.status === 'ok' && b.bus.status === 'ok');
const allAway = (): Promise<void> =>
  eventually('both have noticed', () => a.bus.status === 'degraded' && b.bus.status === 'degraded');

beforeEach(async () => {
  topology = await startSingle();
  redis = topology.nodes[0] as RedisProcess;
  [a, b] = ['a', 'b'].map((id) => new HearingNode(id, openBus(topology, id))) as [HearingNode, HearingNode];
  await a.open();
  await b.open();
  await a.listen('t', 'v');
  await b.listen('t', 'v');
});

afterEach(async () => {
  await a.bus.close();
  await b.bus.close();
  await topology.dispose();
});

describe('Redis is stopped', () => {
  it('[BUS-35] [BUS-37] [S004-17] [S004-18] local subscribers hear at once, the other node once it is back, both kinds of topic', async () => {
    const first = await a.bus.append(a.draft('t'), plenty);
    await eventually('b hears', () => b.heard.length === 1);
    await redis.kill();
    await allAway();
    const logged = [a.draft('t'), a.draft('t')];
    for (const draft of logged) expect(await a.bus.append(draft, plenty)).toEqual({ ...draft, ...NOWHERE });
    a.bus.send(a.draft('v'));
    expect(a.ids()).toEqual(['a-1', 'a-2', 'a-3', 'a-4']);
    expect(b.ids()).toEqual(['a-1']);
    expect(await b.bus.read('t', first, 9)).toEqual({
      messages: [],
      recovered: false,
      latest: NOWHERE,
      hasMore: false,
    });
    expect(await b.bus.read('t', undefined, 9)).toMatchObject({ recovered: true });
    await redis.start();
    await eventually('b hears what was published meanwhile', () => b.heard.length === 4);
    expect(b.ids()).toEqual(['a-1', 'a-2', 'a-3', 'a-4']);
    await a.bus.append(a.draft('t'), plenty);
    await eventually('both go on', () => a.heard.length === 5 && b.heard.length === 5);
    expect(a.ids()).toEqual(['a-1', 'a-2', 'a-3', 'a-4', 'a-5']);
    expect((await b.bus.read('t', undefined, 9)).messages.map(({ id }) => id)).toEqual([
      'a-1',
      'a-2',
      'a-3',
      'a-5',
    ]);
    expect([...a.lost, ...b.lost]).toEqual([]);
    expect(busOf(a).stats().connectionErrors).toBeGreaterThan(0);
  });

  it('[BUS-35] so many wait, and no more: the next is refused and heard nowhere', async () => {
    await redis.kill();
    await allAway();
    for (let i = 0; i < LIMITS.busWaitingCount - 1; i++) void a.bus.append(a.draft('t'), plenty);
    a.bus.send(a.draft('v'));
    await expect(a.bus.append(a.draft('t'), plenty)).rejects.toMatchObject({
      code: 'BUS_UNAVAILABLE',
      retriable: true,
    });
    expect(a.heard).toHaveLength(LIMITS.busWaitingCount);
    a.bus.send(a.draft('v'));
    expect(busOf(a).stats()).toMatchObject({ waiting: LIMITS.busWaitingCount, refused: 1, dropped: 1 });
    await redis.start();
    await eventually('the other node hears all that waited', () => b.heard.length === LIMITS.busWaitingCount);
    expect(busOf(a).stats().waiting).toBe(0);
    await a.bus.append(a.draft('t'), plenty);
  });

  it('[BUS-36] a durable message is refused, not heard', async () => {
    await redis.kill();
    await allAway();
    const durable = { ...plenty, durable: true };
    await expect(a.bus.append(a.draft('t'), durable)).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
    expect(a.heard).toEqual([]);
  });

  it('[BUS-38] who begins to listen meanwhile hears what was accepted since', async () => {
    await a.bus.append(a.draft('u'), plenty);
    await redis.ask('SAVE');
    await redis.kill();
    await allAway();
    b.bus.listen('u');
    await a.bus.append(a.draft('u'), plenty);
    await redis.start();
    await eventually('b hears', () => b.heard.length > 0);
    await allWell();
    await a.bus.append(a.draft('u'), plenty);
    await eventually('b hears more', () => b.heard.length > 1);
    expect(b.ids()).toEqual(['a-2', 'a-3']);
  });

  it('[BUS-31] [BUS-34] what Redis lost of what it had accepted is added again, under a new epoch', async () => {
    const append = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) await a.bus.append(a.draft('t'), plenty);
    };
    await append(3);
    const { latest } = await a.bus.read('t', undefined, 9);
    await redis.ask('SAVE');
    await append(3);
    await eventually('b hears', () => b.heard.length === 6);
    await redis.kill();
    await redis.start();
    await eventually('what was lost is added again', () => busOf(a).stats().readded === 3);
    await append(1);
    await eventually('both hear on', () => a.heard.length === 7 && b.heard.length === 7);
    const all = ['a-1', 'a-2', 'a-3', 'a-4', 'a-5', 'a-6', 'a-7'];
    expect(a.ids()).toEqual(all);
    expect(b.ids()).toEqual(all);
    const history = await b.bus.read('t', latest, 9);
    expect(history.messages.map(({ id }) => id)).toEqual(all);
    expect(history.recovered).toBe(false);
    expect(history.latest.epoch).not.toBe(latest.epoch);
    expect([...a.lost, ...b.lost]).toEqual([]);
    expect(history.messages.map(({ offset }) => offset)).toEqual(
      history.messages.map(({ offset }) => offset).sort((x, y) => x - y),
    );
  });

  it('[BUS-33] a node that was apart while the log dropped what it missed tells so', async () => {
    await redis.ask('ACL', 'SETUSER', 'carl', 'on', '>pw', '~*', '&*', '+@all');
    const config = { ...topology.config, redisUrl: redis.url.replace('//', '//carl:pw@') };
    const c = new HearingNode('c', openBus({ ...topology, config }, 'c'));
    await c.open();
    await c.listen('t');
    const few = { ...plenty, count: 2 };
    await a.bus.append(a.draft('t'), few);
    await eventually('c hears', () => c.heard.length === 1);
    await redis.ask('ACL', 'SETUSER', 'carl', 'off');
    await redis.ask('CLIENT', 'KILL', 'USER', 'carl');
    await eventually('c is alone', () => c.bus.status === 'degraded');
    for (let i = 0; i < 5; i++) await a.bus.append(a.draft('t'), few);
    await redis.ask('ACL', 'SETUSER', 'carl', 'on');
    await eventually('c hears the rest', () => c.ids().at(-1) === 'a-6');
    expect(c.ids()).toEqual(['a-1', 'a-5', 'a-6']);
    expect(c.lost).toEqual(['t']);
    expect([...a.lost, ...b.lost]).toEqual([]);
    await c.bus.close();
  });
});

describe('Redis is silent', () => {
  it('[BUS-30] [S004-17] connections stay open and nothing is answered: it is found, and all is heard later', async () => {
    redis.pause();
    const pending = a.bus.append(a.draft('t'), plenty);
    await allAway();
    expect(await pending).toMatchObject(NOWHERE);
    expect(a.ids()).toEqual(['a-1']);
    redis.resume();
    await eventually('b hears', () => b.heard.length === 1);
    await allWell();
    await b.bus.append(b.draft('t'), plenty);
    await eventually('both hear', () => a.heard.length === 2 && b.heard.length === 2);
    expect(a.ids()).toEqual(['a-1', 'b-1']);
  });

  it('[BUS-36] a durable message that Redis does not answer is refused in the end', async () => {
    redis.pause();
    await expect(a.bus.append(a.draft('t'), { ...plenty, durable: true })).rejects.toMatchObject({
      code: 'BUS_UNAVAILABLE',
    });
    expect(a.heard).toEqual([]);
    redis.resume();
  });
});
