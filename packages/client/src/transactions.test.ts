import { TopGunError } from '@topgun/core';
import { describe, expect, it } from 'vitest';
import { setContext } from './clientContext.js';
import type { FakeRealm } from './engine/testing/FakeWorld.js';
import { FakeStore, FakeWorld } from './engine/testing/FakeWorld.js';
import type { HandleContext } from './handles/HandleContext.js';
import { WriteTracker } from './handles/WriteTracker.js';
import type { TopGunClient } from './TopGunClient.js';
import { type Transaction, transaction } from './transactions.js';

const MAPS = [
  ['p', 'LWW'],
  ['q', 'LWW'],
  ['tags', 'OR'],
  ['likes', 'PN'],
] as const;

/** Stands for the client around the engine of a realm. */
function clientOn(realm: FakeRealm): TopGunClient {
  const client = {} as TopGunClient;
  const writes = new WriteTracker(realm.engine, async () => undefined);
  const context = { engine: realm.engine, writable: () => realm.engine, writes } as unknown as HandleContext;
  const { onEvent } = realm;
  realm.onEvent = (event) => {
    if (event.type === 'settled') writes.settle(event);
    onEvent(event);
  };
  setContext(client, context);
  return client;
}

function codeOf(work: () => unknown): string | undefined {
  try {
    work();
  } catch (error) {
    if (error instanceof TopGunError) return error.code;
    throw error;
  }
  return undefined;
}

/** Two realms of two devices that follow two LWW maps, an OR map and a counter. */
function twoDevices(): { world: FakeWorld; a: FakeRealm; b: FakeRealm; client: TopGunClient } {
  const world = new FakeWorld();
  const [a, b] = [world.started(), world.started()];
  for (const { engine } of [a, b]) for (const [map, kind] of MAPS) engine.openMap(map, kind);
  world.settle();
  return { world, a, b, client: clientOn(a) };
}

/** What a realm shows of the four maps. */
function shown({ engine }: FakeRealm): unknown[] {
  const tags = engine.orGet('tags', '{likes}t').map(({ value }) => value);
  return [engine.get('p', '{likes}k'), engine.get('q', '{likes}k'), tags, engine.counterValue('likes')];
}

function writeAll(tx: Transaction, n: number): void {
  tx.getMap('p').set('{likes}k', n);
  tx.getMap('q').set('{likes}k', n);
  tx.getORMap('tags').add('{likes}t', n);
  tx.getPNCounter('likes').add(n);
}

describe('transaction', () => {
  it('[TX-1] shows all of its writes at once, here and on other devices, and is one op with one answer', async () => {
    const { world, a, b, client } = twoDevices();
    const seen = new Map<FakeRealm, Set<string>>();
    for (const realm of [a, b]) {
      const { onEvent } = realm;
      seen.set(realm, new Set());
      realm.onEvent = (event) => {
        onEvent(event);
        seen.get(realm)?.add(JSON.stringify(shown(realm)));
      };
    }
    const handle = transaction(client, (tx) => writeAll(tx, 3));
    expect(shown(a)).toEqual([3, 3, [3], 3]);
    expect(a.engine.pendingOps()).toBe(1);
    world.settle();
    expect(a.store.table('op')).toEqual([]);
    expect([...world.server.effects.values()]).toEqual([1]);
    expect(await handle.reached('persisted')).toEqual({ name: 'persisted' });
    const [whole, nothing] = [JSON.stringify([3, 3, [3], 3]), JSON.stringify([undefined, undefined, [], 0])];
    for (const realm of [a, b]) {
      expect(shown(realm)).toEqual([3, 3, [3], 3]);
      for (const state of seen.get(realm) ?? []) expect([whole, nothing]).toContain(state);
      for (const map of ['p', 'q', 'tags', 'likes'])
        expect(realm.engine.liveRoot(map)).toBe(world.server.tree(map).rootHash());
    }
  });

  it('[TX-1] announces all of it in one batch of changes', () => {
    const { world, a, client } = twoDevices();
    a.events.length = 0;
    transaction(client, (tx) => writeAll(tx, 1));
    world.settle();
    const [first] = a.eventsOf('changes');
    expect([...(first?.keysByMap.keys() ?? [])].sort()).toEqual(['likes', 'p', 'q', 'tags']);
  });

  it('[TX-1] reads its own writes, which nobody else sees before the body has returned', () => {
    const { a, client } = twoDevices();
    a.engine.orAdd('tags', '{likes}t', 'old');
    a.engine.put('p', '{likes}k', 'before');
    transaction(client, (tx) => {
      writeAll(tx, 5);
      tx.getORMap('tags').remove('{likes}t', 'old');
      expect(tx.getMap('p').get('{likes}k')).toBe(5);
      expect(tx.getORMap('tags').get('{likes}t')).toEqual([5]);
      expect(tx.getPNCounter('likes').get()).toBe(5);
      expect(a.engine.get('p', '{likes}k')).toBe('before');
      tx.getMap('q').remove('{likes}k');
      expect(tx.getMap('q').has('{likes}k')).toBe(false);
      tx.getORMap('tags').remove('{likes}t', 5);
      expect(tx.getORMap('tags').has('{likes}t')).toBe(false);
      expect(tx.getPNCounter('likes').add(-5)).toBe(0);
    });
    expect(shown(a)).toEqual([5, undefined, [], 0]);
  });

  it('[TX-1] keeps the last value of a key that is set twice', () => {
    const { world, b, client } = twoDevices();
    for (const [key, order] of [
      ['{likes}k', [1, 2]],
      ['{likes}l', [2, 1]],
    ] as const)
      transaction(client, (tx) => {
        for (const value of order) tx.getMap('p').set(key, value);
      });
    world.settle();
    expect([b.engine.get('p', '{likes}k'), b.engine.get('p', '{likes}l')]).toEqual([2, 1]);
  });

  it('[TX-1] changes nothing when its body throws, is asynchronous, or writes what cannot be written', () => {
    const { world, a, client } = twoDevices();
    world.settle();
    a.events.length = 0;
    const boom = new Error('boom');
    expect(() =>
      transaction(client, (tx) => {
        writeAll(tx, 1);
        throw boom;
      }),
    ).toThrow(boom);
    const bad: [string, (tx: Transaction) => unknown][] = [
      ['TRANSACTION_ASYNC', async (tx) => writeAll(tx, 1)],
      ['VALUE_NOT_ADMITTED', (tx) => [writeAll(tx, 1), tx.getMap('p').set('{likes}k', Number.NaN)]],
      ['KEY_INVALID', (tx) => [writeAll(tx, 1), tx.getMap('p').remove('')]],
      ['MAP_NAME_INVALID', (tx) => [writeAll(tx, 1), tx.getMap('no such')]],
      ['COUNTER_INVALID', (tx) => [writeAll(tx, 1), tx.getPNCounter('likes').add(0.5)]],
      ['WRONG_KIND', (tx) => [writeAll(tx, 1), tx.getORMap('p')]],
      ['WRONG_KIND', (tx) => [writeAll(tx, 1), tx.getORMap('fresh').add('{likes}x', 1), tx.getMap('fresh')]],
    ];
    for (const [code, body] of bad) expect(codeOf(() => transaction(client, body as () => void))).toBe(code);
    world.settle();
    expect(shown(a)).toEqual([undefined, undefined, [], 0]);
    expect(a.engine.pendingOps()).toBe(0);
    expect(a.events).toEqual([]);
  });

  it('[TX-1] refuses keys of different partitions here, and names both and the way out', () => {
    const { a, client } = twoDevices();
    let refused: unknown;
    try {
      transaction(client, (tx) => {
        tx.getMap('p').set('{list7}a', 1);
        tx.getMap('q').set('{list8}b', 1);
      });
    } catch (error) {
      refused = error;
    }
    expect(refused).toMatchObject({ code: 'CROSS_PARTITION' });
    for (const part of ['{list7}a', '{list8}b', '{tag}']) expect((refused as Error).message).toContain(part);
    expect(a.engine.has('p', '{list7}a')).toBe(false);
  });

  it('[TX-1] has at most 200 writes, 64 maps and what a frame carries', () => {
    const { client } = twoDevices();
    const many = (count: number) => (tx: Transaction) => {
      for (let i = 0; i < count; i++) tx.getMap('p').set(`{t}${i}`, i);
    };
    expect(codeOf(() => transaction(client, many(200)))).toBeUndefined();
    expect(codeOf(() => transaction(client, many(201)))).toBe('LIMIT');
    const large = 'x'.repeat(100_000);
    const two = (tx: Transaction): void => {
      tx.getMap('p').set('{t}a', large);
      tx.getMap('p').set('{t}b', large);
    };
    expect(codeOf(() => transaction(client, two))).toBe('LIMIT');
    const wide = (tx: Transaction): void => {
      for (let i = 0; i < 65; i++) tx.getMap(`m${i}`).set('{t}', i);
    };
    expect(codeOf(() => transaction(client, wide))).toBe('LIMIT');
  });

  it('[TX-1] cannot be used once it is over', () => {
    const { client } = twoDevices();
    let kept: Transaction | undefined;
    transaction(client, (tx) => {
      kept = tx;
      writeAll(tx, 1);
    });
    expect(codeOf(() => kept?.getMap('p'))).toBe('TRANSACTION_OVER');
  });

  it('[TX-1] without writes is applied at once', async () => {
    const { world, client } = twoDevices();
    const handle = transaction(client, () => undefined);
    world.settle();
    expect(await handle.reached('persisted')).toEqual({ name: 'persisted' });
    expect(world.server.effects.size).toBe(0);
  });

  it('[TX-1] is taken back as a whole when the server refuses it, and reported once', async () => {
    const { world, a, client } = twoDevices();
    a.engine.put('p', '{likes}k', 'mine');
    world.settle();
    world.server.refuse = (_map, row) => (row[1] === 5 ? 'DENIED' : undefined);
    a.held.add('server');
    const handle = transaction(client, (tx) => writeAll(tx, 4));
    a.engine.put('q', '{likes}k', 'later');
    world.settle();
    expect(shown(a)).toEqual([4, 'later', [4], 4]);
    a.release('server');
    world.settle();
    expect(shown(a)).toEqual(['mine', 'later', [], 0]);
    expect(await handle.reached('persisted')).toEqual({ name: 'rejected', reason: 'DENIED' });
    expect(a.eventsOf('rejection').map(({ rejection }) => rejection)).toMatchObject([
      {
        op: 'TRANSACTION',
        map: 'p',
        key: '{likes}k',
        code: 'DENIED',
        payload: [
          { op: 'PUT', map: 'p', key: '{likes}k', payload: 4 },
          { op: 'PUT', map: 'q', key: '{likes}k', payload: 4 },
          { op: 'INCREMENT', map: 'likes', key: 'likes', payload: 4 },
          { op: 'OR_ADD', map: 'tags', key: '{likes}t', payload: 4 },
        ],
      },
    ]);
  });

  it('[TX-1] is applied although a newer write has won on one of its records', async () => {
    const { world, a, b, client } = twoDevices();
    const future = (world.timeMs + 30_000) * 2048;
    a.held.add('server');
    world.server.put('q', '{likes}k', 'newer', future);
    const handle = transaction(client, (tx) => writeAll(tx, 4));
    world.settle();
    a.release('server');
    world.settle();
    expect(await handle.reached('persisted')).toEqual({ name: 'persisted' });
    for (const realm of [a, b]) expect(shown(realm)).toEqual([4, 'newer', [4], 4]);
    expect(a.engine.liveRoot('q')).toBe(world.server.tree('q').rootHash());
  });

  it('[TX-1] is one entry of the log, carried by one store transaction, and comes back whole after a reload', () => {
    const world = new FakeWorld();
    const store = new FakeStore();
    world.isServerUp = false;
    const first = world.started(store);
    const before = store.commits;
    transaction(clientOn(first), (tx) => writeAll(tx, 2));
    world.settle();
    expect(store.commits).toBe(before + 1);
    expect(store.table('op')).toHaveLength(1);
    first.kill();
    const again = world.started(store);
    expect(shown(again)).toEqual([2, 2, [2], 2]);
    for (const [map, kind] of MAPS) again.engine.openMap(map, kind);
    world.healNetwork();
    expect(shown(again)).toEqual([2, 2, [2], 2]);
    expect(again.engine.pendingOps()).toBe(0);
    expect([...world.server.effects.values()]).toEqual([1]);
  });

  it('[TX-1] made before the store is loaded removes what the store turns out to hold, and is stamped above it', () => {
    const world = new FakeWorld();
    const store = new FakeStore();
    const first = world.started(store, { server: false });
    first.engine.put('p', '{likes}k', 'old');
    first.engine.orAdd('tags', '{likes}t', 'old');
    world.settle();
    first.kill();
    const again = world.realm(store, { server: false });
    const client = clientOn(again);
    transaction(client, (tx) => {
      writeAll(tx, 7);
      tx.getORMap('tags').remove('{likes}t', 'old');
      tx.getORMap('tags').remove('{likes}t', 'never there');
    });
    expect(shown(again)).toEqual([7, 7, [7], 7]);
    again.engine.boot();
    world.settle();
    expect(shown(again)).toEqual([7, 7, [7], 7]);
    const stored = store
      .table('op')
      .map(([, row]) => row as unknown[])
      .find(([op]) => op === 5);
    expect(stored?.[6]).toHaveLength(5);
  });

  it('[DEV-6] is never replaced by a later write, nor replaces what came before it', () => {
    const { world, a, b, client } = twoDevices();
    world.cutNetwork();
    a.engine.put('p', '{likes}k', 'first');
    transaction(client, (tx) => writeAll(tx, 1));
    a.engine.put('p', '{likes}k', 'last');
    expect(a.engine.pendingOps()).toBe(3);
    expect(shown(a)).toEqual(['last', 1, [1], 1]);
    world.healNetwork();
    expect(shown(b)).toEqual(['last', 1, [1], 1]);
  });

  it('[DEV-5] leaves the overlay together with the increments that its counter row counts', () => {
    const { world, a, client } = twoDevices();
    a.engine.increment('likes', 10);
    transaction(client, (tx) => writeAll(tx, 1));
    a.engine.increment('likes', 100);
    const totals = new Set<number>();
    const { onEvent } = a;
    a.onEvent = (event) => {
      onEvent(event);
      totals.add(a.engine.counterValue('likes'));
    };
    world.settle();
    expect([...totals]).toEqual([111]);
    expect(a.engine.pendingOps()).toBe(0);
    expect(world.server.rows.get('likes')?.get('likes')?.value).toEqual([111, 0]);
  });

  it('[ID-2] gets a new id as a whole, with its tags', () => {
    const { world, a, b, client } = twoDevices();
    let asked = 0;
    world.server.refuse = (_map, row) => (row[1] === 5 && asked++ === 0 ? 'ID_REUSED' : undefined);
    transaction(client, (tx) => writeAll(tx, 6));
    world.settle();
    for (const realm of [a, b]) expect(shown(realm)).toEqual([6, 6, [6], 6]);
    expect(asked).toBe(2);
    const [element] = b.engine.orGet('tags', '{likes}t');
    expect([...world.server.effects.keys()]).toEqual([element?.tag.replace(/:\d+$/, '')]);
  });

  it('[SRV-4] is sent under the new client id when the old one was forgotten before it was sent', () => {
    const { world, a, client } = twoDevices();
    a.engine.put('p', '{likes}k', 'answered');
    world.settle();
    world.cutNetwork();
    transaction(client, (tx) => {
      tx.getORMap('tags').add('{likes}t', 'mine');
      tx.getMap('q').set('{likes}k', 1);
    });
    world.settle();
    for (const { clientId } of world.server.auths) world.server.forgotten.add(clientId);
    world.healNetwork();
    const client2 = world.server.auths.at(-1)?.clientId as string;
    const [element] = a.engine.orGet('tags', '{likes}t');
    expect(element?.tag.startsWith(`${client2}:`)).toBe(true);
    expect(world.server.rows.get('q')?.get('{likes}k')?.value).toBe(1);
  });

  it('[TX-3] shows as a whole in other tabs, whoever of them uploads it', () => {
    const world = new FakeWorld();
    const store = new FakeStore();
    const [leader, follower] = [world.started(store), world.started(store)];
    for (const map of ['p', 'q']) leader.engine.openMap(map, 'LWW');
    world.settle();
    const states = new Set<string>();
    leader.onEvent = () => states.add(JSON.stringify(shown(leader)));
    transaction(clientOn(follower), (tx) => writeAll(tx, 9));
    world.settle();
    expect(leader.engine.pendingOps()).toBe(0);
    expect(follower.engine.pendingOps()).toBe(0);
    for (const map of ['p', 'q'])
      for (const realm of [leader, follower]) expect(realm.engine.get(map, '{likes}k')).toBe(9);
    for (const state of states) expect(state).toMatch(/^\[(null,null|9,9)/);
  });
});
