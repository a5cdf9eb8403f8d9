import { encode, type ServerMessage } from '@topgun/protocol';
import * as LIMITS from '@topgun/protocol/limits';
import { describe, expect, it } from 'vitest';
import { type FakeRealm, FakeStore, FakeWorld } from './testing/FakeWorld.js';

const T = 1_600_000_000_000 * 2048;
const OPEN = { where: { done: false } };

const keys = (realm: FakeRealm, id = 'q'): string[] =>
  realm.engine.queryResult(id).rows.map(({ key }) => key);

function world(rows: number): FakeWorld {
  const made = new FakeWorld();
  for (let i = 0; i < rows; i++) made.server.put('todos', `k${i}`, { n: i, done: false }, T + i);
  return made;
}

/** A device with a query that is answered, and what the server says to it from now on. */
function asking(made: FakeWorld, store?: FakeStore): { realm: FakeRealm; heard: ServerMessage[] } {
  const realm = made.started(store);
  realm.openQuery('q', 'todos', OPEN);
  made.settle();
  const heard: ServerMessage[] = [];
  const take = realm.engine.socketMessage.bind(realm.engine);
  realm.engine.socketMessage = (message) => {
    heard.push(message);
    take(message);
  };
  return { realm, heard };
}

/** Bytes of the exchange about queries on the present connection, both directions. */
function bytesOf(realm: FakeRealm, heard: readonly ServerMessage[]): number {
  const said = realm.connection?.received.filter(({ type }) => !['AUTH', 'PING', 'OPS'].includes(type)) ?? [];
  const told = heard.filter(({ type }) => !['AUTH_ACK', 'PONG'].includes(type));
  return [...said, ...told].reduce((sum, message) => sum + encode(message).length, 0);
}

describe('queries that resume', () => {
  it.each([10, 1000])('[RES-4] cost %i rows nothing when nothing has changed', (rows) => {
    const made = world(rows);
    const { realm, heard } = asking(made);
    const before = made.server.rowsSent;
    const first = bytesOf(realm, heard);
    made.cutNetwork();
    expect(realm.engine.queryResult('q').status).toBe('partial');
    made.healNetwork();
    expect(realm.engine.queryResult('q').status).toBe('complete');
    expect(keys(realm)).toHaveLength(rows);
    expect(made.server.rowsSent).toBe(before);
    // One question and one answer; of the question the first asking had all but the root.
    expect(bytesOf(realm, heard)).toBeLessThan(first + 60);
    expect(bytesOf(realm, heard)).toBeLessThan(130);
  });

  it('[RES-4] fetch what changed and let go of what left, in three round trips', () => {
    const made = world(1000);
    const { realm } = asking(made);
    made.cutNetwork();
    const before = made.server.rowsSent;
    made.server.put('todos', 'k7', { n: 7, done: true }, T + 2000);
    made.server.put('todos', 'k8', undefined, T + 2001);
    made.server.put('todos', 'k9', { n: 99, done: false }, T + 2002);
    made.server.put('todos', 'new', { n: 0, done: false }, T + 2003);
    made.healNetwork();
    expect(keys(realm)).toHaveLength(999);
    expect(['k7', 'k8', 'k9', 'new'].map((key) => realm.engine.get('todos', key))).toEqual([
      undefined,
      undefined,
      { n: 99, done: false },
      { n: 0, done: false },
    ]);
    expect(realm.store.table('base')).toHaveLength(999);
    expect(made.server.rowsSent - before).toBeLessThanOrEqual(8);
    const asked = realm.connection?.received.filter(({ type }) => /QUERY|MERKLE|ROWS/.test(type));
    expect(asked?.map(({ type }) => type)).toEqual(['QUERY_SUB', 'MERKLE_REQ', 'ROWS_REQ']);
  });

  it('[RES-4] take few rows anew instead of a walk', () => {
    const made = world(10);
    made.server.queries.smallRows = 20;
    const { realm } = asking(made);
    made.cutNetwork();
    made.server.put('todos', 'k7', { n: 7, done: true }, T + 2000);
    made.healNetwork();
    expect(keys(realm)).toHaveLength(9);
    expect(realm.store.table('base')).toHaveLength(9);
    expect(realm.connection?.received.filter(({ type }) => type === 'MERKLE_REQ')).toEqual([]);
  });

  it('[RES-4] go on after a reload with what the store holds', () => {
    const made = world(100);
    const store = new FakeStore();
    asking(made, store).realm.kill();
    const before = made.server.rowsSent;
    const second = made.started(store);
    second.openQuery('other id', 'todos', OPEN);
    made.settle();
    expect(keys(second, 'other id')).toHaveLength(100);
    expect(made.server.rowsSent).toBe(before);
  });

  it('[RES-4] [RES-5] mend a row that the store has altered, one it has lost and one it has too many', () => {
    const made = world(100);
    const store = new FakeStore();
    asking(made, store).realm.kill();
    for (const [joined, [key, stored]] of store.rows) {
      const row = stored as unknown[];
      if (key[2] === 'k3')
        store.rows.set(joined, [key, [...row.slice(0, 6), { n: 1e6, done: false }, ...row.slice(7)]]);
      if (key[2] === 'k4') store.rows.delete(joined);
      if (key[2] === 'k5') {
        const more = ['base', 'todos', 'ghost'];
        store.rows.set(more.join('\0'), [more, [row[0], 'ghost', ...row.slice(2)]]);
      }
    }
    const second = made.started(store);
    second.openQuery('q', 'todos', OPEN);
    expect(second.engine.get('todos', 'k3')).toEqual({ n: 1e6, done: false });
    made.settle();
    expect(second.engine.get('todos', 'k3')).toEqual({ n: 3, done: false });
    expect(second.engine.get('todos', 'k4')).toEqual({ n: 4, done: false });
    expect(second.engine.get('todos', 'ghost')).toBeUndefined();
  });

  it('[RES-4] ask for all rows when walk after walk does not get there', () => {
    const made = world(50);
    const { realm } = asking(made);
    made.cutNetwork();
    made.server.put('todos', 'k7', { n: 77, done: false }, T + 2000);
    const walk = made.server.sync.merkle.bind(made.server.sync);
    made.server.sync.merkle = (connection, message) => {
      const deliver = (said: ServerMessage): void =>
        connection.deliver({ ...said, parts: [] } as ServerMessage);
      // Nothing of a connection but its queries and its way out is looked at.
      walk(Object.assign(Object.create(connection), { deliver }), message);
    };
    made.healNetwork();
    expect(realm.engine.get('todos', 'k7')).toEqual({ n: 77, done: false });
    expect(realm.engine.queryResult('q').status).toBe('complete');
    const asked = realm.connection?.received.filter(({ type }) => type === 'MERKLE_REQ');
    expect(asked).toHaveLength(LIMITS.syncRounds + 1);
  });

  it('[QRY-6] an own write shows although its answer comes before that of the query', () => {
    const made = world(100);
    const { realm } = asking(made);
    made.cutNetwork();
    made.server.put('todos', 'k7', undefined, T + 2000);
    realm.engine.put('todos', 'mine', { n: 1, done: false });
    made.settle();
    const seen = new Set<boolean>();
    realm.onEvent = () => seen.add(keys(realm).includes('mine'));
    const late: (() => void)[] = [];
    const receive = made.server.receive.bind(made.server);
    made.server.receive = (connection, message) => {
      if (message.type === 'QUERY_SUB' || message.type === 'MERKLE_REQ')
        late.push(() => receive(connection, message));
      else receive(connection, message);
    };
    made.isServerUp = true;
    realm.engine.reset();
    made.settle();
    expect([...made.server.effects.values()]).toEqual([1]);
    for (let next = late.shift(); next; next = late.shift()) {
      next();
      made.settle();
    }
    expect([...seen]).toEqual([true]);
    expect([realm.engine.pendingOps(), realm.engine.queryResult('q').status]).toEqual([0, 'complete']);
  });
});
