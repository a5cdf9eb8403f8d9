import { LIMITS } from '@topgun/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { FaultyWay } from '../../cluster/links/testing/FaultyWay.js';
import type { DatabaseAddress } from '../../storage/postgres/databaseUrl.js';
import { TestDatabases, until } from '../../storage/postgres/testing/testDatabases.js';
import type { Draft, Position, Retention, TopicMessage } from '../ports.js';
import { PostgresLog, type PostgresLogOptions } from './PostgresLog.js';

const databases = TestDatabases.use();
const plenty: Retention = { count: 1_000_000, ageMs: 86_400_000, bytes: 1e9, durable: true };
const START: Position = { epoch: '', offset: 0 };

describe('PostgresLog', () => {
  const logs: PostgresLog[] = [];
  const ways: FaultyWay[] = [];
  afterEach(async () => {
    for (const log of logs.splice(0)) await log.close();
    for (const way of ways.splice(0)) await way.end();
  });

  const opened = async (
    address: DatabaseAddress,
    options: Partial<PostgresLogOptions> = {},
  ): Promise<PostgresLog> => {
    const log = new PostgresLog({ address, monoMs: () => performance.now(), ...options });
    logs.push(log);
    await log.open();
    return log;
  };
  const broken = async (address: DatabaseAddress): Promise<readonly [DatabaseAddress, FaultyWay]> => {
    const way = await FaultyWay.to(() => address.port);
    ways.push(way);
    return [{ ...address, host: '127.0.0.1', port: way.port }, way];
  };
  const draft = (id: string, topic = 't', rest: Partial<Draft> = {}): Draft => ({
    topic,
    id,
    name: '',
    data: id,
    from: '',
    node: 'n',
    ts: Date.now(),
    ...rest,
  });

  it('[LOG-30] several nodes append at once: places rise in the order in which readers see them', async () => {
    const address = databases.fresh();
    const nodes = [await opened(address), await opened(address), await opened(address)];
    const reader = await opened(address);
    let left = 300;
    const appending = Promise.all(
      nodes.map(async (log, at) => {
        const made: TopicMessage[] = [];
        while (left > 0) {
          left -= 3;
          const some = [1, 2, 3].map((i) => log.append(draft(`${at}-${left}-${i}`, `t${i % 2}`), plenty));
          made.push(...(await Promise.all(some)));
        }
        return made;
      }),
    );
    const seen: TopicMessage[] = [];
    let after = START;
    let isOver = false;
    void appending.then(() => {
      isOver = true;
    });
    for (let wasOver = false; !wasOver; ) {
      wasOver = isOver;
      const { messages, latest } = await reader.read('t1', after, 1_000);
      seen.push(...messages);
      after = messages.at(-1) ?? latest;
    }
    const all = (await appending).flat();
    expect(new Set(all.map(({ offset }) => offset)).size).toBe(all.length);
    const expected = all.filter(({ topic }) => topic === 't1').sort((a, b) => a.offset - b.offset);
    // Whoever reads on from where he was has missed nothing.
    expect(seen).toEqual(expected);
    expect(reader.stats()).toMatchObject({ messages: 0 });
    expect((await opened(address)).stats()).toMatchObject({ topics: 2, messages: all.length });
  });

  it('[LOG-31] each message names the place before it in its topic', async () => {
    const address = databases.fresh();
    const [a, b] = [await opened(address), await opened(address)];
    const places: (readonly [previous: number, offset: number])[] = [];
    for (let i = 0; i < 6; i++) {
      const { previous, message } = await (i % 2 === 0 ? a : b).place(draft(`m${i}`), plenty);
      await a.append(draft(`other ${i}`, 'u'), plenty);
      places.push([previous, message.offset]);
    }
    expect(places.slice(1).map(([previous]) => previous)).toEqual(
      places.slice(0, -1).map(([, offset]) => offset),
    );
    expect((await b.tails(['u', 't', 'nobody'])).last).toEqual([
      (await a.read('u', undefined, 0)).latest.offset,
      places.at(-1)?.[1],
      0,
    ]);
  });

  it('[LOG-32] one id is one message, at whatever node, also when the log has dropped it, for ten minutes', async () => {
    const address = databases.fresh();
    let nowMs = Date.UTC(2026, 0, 1);
    const wallMs = (): number => nowMs;
    const [a, b] = [await opened(address, { wallMs }), await opened(address, { wallMs })];
    const last: Retention = { ...plenty, count: 1 };
    const first = await a.append(draft('once'), last);
    await a.append(draft('later'), last);
    const again = await b.place(draft('once'), last);
    expect(again).toMatchObject({ isKnown: true, message: { offset: first.offset } });
    const both = await Promise.all([a.append(draft('x'), last), a.append(draft('x'), last)]);
    expect(both[0]?.offset).toBe(both[1]?.offset);
    expect((await b.append(draft('once', 'another topic'), last)).offset).toBeGreaterThan(first.offset);
    nowMs += LIMITS.busIdsMs + 1_000;
    expect(await b.place(draft('once'), last)).toMatchObject({ isKnown: false });
    nowMs += LIMITS.busIdsMs + 1_000;
    while (await a.sweep(nowMs));
    const client = await databases.client(address);
    expect((await client.query('select count(*)::int as n from topic_ids')).rows).toEqual([{ n: 0 }]);
  });

  it('[LOG-33] the clock of the database counts, not that of a node', async () => {
    const address = databases.fresh();
    const log = await opened(address);
    const { offset } = await log.append(draft('a', 't', { ts: 5 }), { ...plenty, ageMs: 3_600_000 });
    expect(Math.abs(offset / 2048 - Date.now())).toBeLessThan(60_000);
    // A node whose clock is a day ahead sweeps nothing that the others hold.
    await log.sweep(Date.now() + 86_400_000);
    expect((await log.read('t', undefined, 9)).messages).toHaveLength(1);
  });

  it('[LOG-34] an append of which nothing was heard is sent again, and is one message', async () => {
    const direct = databases.fresh();
    const [address, way] = await broken(direct);
    const log = await opened(address);
    await log.append(draft('a'), plenty);
    const client = await databases.client(direct);
    await client.query('begin');
    await client.query('select from topic_log for update');
    const waits = log.append(draft('b'), plenty);
    const isWaiting =
      "select from pg_stat_activity where wait_event_type = 'Lock' and query like '%append_messages%'";
    const other = await databases.client(direct);
    await until(async () => (await other.query(isWaiting)).rowCount === 1);
    way.cut();
    // The first one goes on in the database, for nobody has told it to stop; the second stands behind it.
    await until(async () => (await other.query(isWaiting)).rowCount === 2);
    await client.query('commit');
    const { offset } = await waits;
    const { messages } = await log.read('t', undefined, 9);
    expect(messages.map(({ id }) => id)).toEqual(['a', 'b']);
    expect(messages[1]?.offset).toBe(offset);
  });

  it('[LOG-34] while the database does not answer, nobody begins to wait, and who waits is refused in time', async () => {
    let aheadMs = 0;
    const [address, way] = await broken(databases.fresh());
    const log = await opened(address, { monoMs: () => performance.now() + aheadMs });
    await log.append(draft('a'), plenty);
    way.close();
    const begun = log.append(draft('b'), plenty);
    begun.catch(() => undefined);
    await until(() => log.isAway);
    await expect(log.append(draft('c'), plenty)).rejects.toMatchObject({
      code: 'BUS_UNAVAILABLE',
      retriable: true,
    });
    aheadMs = LIMITS.topicAppendMs + 1;
    await expect(begun).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
    way.heal();
    await until(() => !log.isAway);
    await log.append(draft('d'), plenty);
    expect((await log.read('t', undefined, 9)).messages.map(({ id }) => id)).toEqual(['a', 'd']);
  });

  it('[LOG-35] found in another home the log begins a new epoch, once, and keeps its messages', async () => {
    const address = databases.fresh();
    const before = await opened(address);
    const message = await before.append(draft('a'), plenty);
    const client = await databases.client(address);
    await client.query("update topic_log set home = 'elsewhere'");
    const [a, b] = await Promise.all([opened(address), opened(address)]);
    const history = await a.read('t', message, 9);
    expect(history).toMatchObject({ recovered: false, messages: [{ id: 'a' }] });
    expect(history.latest.epoch).not.toBe(message.epoch);
    expect((await b.read('t', undefined, 9)).latest).toEqual(history.latest);
    expect((await b.append(draft('b'), plenty)).offset).toBeGreaterThan(message.offset);
  });

  it('[LOG-36] any name, id and data come back', async () => {
    const log = await opened(databases.fresh());
    for (const topic of ['\0', 'a\0b', 'ä€😀', "'; drop table topics; --", '{"a"}', '\\']) {
      const data = { '\0': ['\0', new Uint8Array([0, 1]), 2n ** 60n], quote: '"\\{}' };
      const message = await log.append(draft('id-1_X', topic, { data, name: 'n', from: 'ä\\"' }), plenty);
      expect((await log.read(topic, undefined, 9)).messages).toEqual([message]);
    }
  });

  it('[LOG-37] nodes sweep one after the other, and what one takes out the others do not hold', async () => {
    const address = databases.fresh();
    let nowMs = Date.UTC(2026, 0, 1);
    const wallMs = (): number => nowMs;
    const nodes = [await opened(address, { wallMs }), await opened(address, { wallMs })];
    const [a, b] = nodes as [PostgresLog, PostgresLog];
    await Promise.all(
      Array.from({ length: 700 }, (_, i) =>
        a.append(draft(`m${i}`, `t${i % 7}`), { ...plenty, ageMs: 1_000 }),
      ),
    );
    nowMs += 2_000;
    await Promise.all(
      nodes.map(async (log) => {
        while (await log.sweep(nowMs));
      }),
    );
    expect(a.stats().expired + b.stats().expired).toBe(700);
    await b.sweep(nowMs);
    expect(b.stats()).toMatchObject({ messages: 0, bytes: 0, topics: 7 });
  });
});
