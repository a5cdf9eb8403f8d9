import { partitionOf } from '@topgun/core';
import { QUERY_CHANGE } from '@topgun/protocol';
import { describe, expect, it } from 'vitest';
import { FakeStore, FakeWorld } from './testing/FakeWorld.js';

const T = 1_600_000_000_000 * 2048;
const keys = (realm: ReturnType<FakeWorld['realm']>, id: string): string[] =>
  realm.engine.queryResult(id).rows.map(({ key }) => key);

function world() {
  const made = new FakeWorld();
  for (let i = 0; i < 10; i++) made.server.put('todos', `k${i}`, { n: i, done: i % 2 === 0 }, T + i);
  return made;
}

describe('queries', () => {
  it('[QRY-1] answers from the device at once, own writes included, and says that it is partial', () => {
    const { realm } = { realm: new FakeWorld().realm() };
    realm.engine.put('todos', 'b', { n: 2 });
    realm.openQuery('q', 'todos', { where: { n: { $gte: 1 } }, sort: [['n', 'asc']] });
    realm.engine.put('todos', 'a', { n: 1 });
    realm.engine.put('todos', 'c', { n: 0 });
    expect(keys(realm, 'q')).toEqual(['a', 'b']);
    expect(realm.engine.queryResult('q').status).toBe('partial');
  });

  it('[QRY-2] brings the rows of the server without the rest of the map', () => {
    const made = world();
    const realm = made.started();
    realm.openQuery('q', 'todos', { where: { done: true }, sort: [['n', 'desc']], limit: 3 });
    made.settle();
    expect(keys(realm, 'q')).toEqual(['k8', 'k6', 'k4']);
    expect(realm.engine.queryResult('q').status).toBe('complete');
    expect(made.server.rowsSent).toBe(3);
    expect(realm.store.table('base')).toHaveLength(3);
  });

  it('[QRY-3] follows ENTER, UPDATE and LEAVE', () => {
    const made = world();
    const realm = made.started();
    realm.openQuery('q', 'todos', { where: { done: true } });
    made.settle();
    made.server.put('todos', 'k1', { n: 1, done: true }, T + 100);
    made.server.put('todos', 'k2', { n: 2, done: false }, T + 101);
    made.server.put('todos', 'k4', { n: 44, done: true }, T + 102);
    made.server.put('todos', 'k6', undefined, T + 103);
    made.settle();
    expect(keys(realm, 'q')).toEqual(['k0', 'k1', 'k4', 'k8']);
    expect(realm.engine.get('todos', 'k4')).toEqual({ n: 44, done: true });
    expect(realm.store.table('base').map(([key]) => key[2])).toEqual(['k0', 'k1', 'k4', 'k8']);
  });

  it('[QRY-18] a result as long as the server sends them is partial where more was asked for', () => {
    const made = new FakeWorld();
    for (let i = 0; i < 10_000; i++) made.server.put('m', `k${i}`, i, T + i);
    const realm = made.started();
    realm.openQuery('all', 'm', {});
    realm.openQuery('most', 'm', { where: { '': { $gt: 0 } } });
    realm.openQuery('limited', 'm', { limit: 10_000 });
    made.settle();
    const status = (id: string) => realm.engine.queryResult(id).status;
    expect([status('all'), status('most'), status('limited')]).toEqual(['partial', 'complete', 'complete']);
    realm.engine.openMap('m', 'LWW');
    made.settle();
    expect(status('all')).toBe('complete');
  });

  it('[QRY-1] without a server the result is complete', () => {
    const made = world();
    const realm = made.started(undefined, { server: false });
    realm.openQuery('q', 'todos', { where: { done: true } });
    realm.engine.put('todos', 'mine', { n: 1, done: true });
    expect(realm.engine.queryResult('q')).toEqual({
      rows: [{ key: 'mine', value: { n: 1, done: true } }],
      status: 'complete',
    });
  });

  it('[QRY-4] a row stays while another query holds it', () => {
    const made = world();
    const realm = made.started();
    realm.openQuery('done', 'todos', { where: { done: true } });
    realm.openQuery('small', 'todos', { where: { n: { $lt: 3 } } });
    made.settle();
    made.server.put('todos', 'k2', { n: 2, done: false }, T + 100);
    made.settle();
    expect(realm.engine.get('todos', 'k2')).toEqual({ n: 2, done: false });
    made.server.put('todos', 'k2', { n: 9, done: false }, T + 101);
    made.settle();
    expect(realm.engine.get('todos', 'k2')).toBeUndefined();
  });

  it('[QRY-5] is answered afresh on reconnect, replacing what it held', () => {
    const made = world();
    const realm = made.started();
    realm.openQuery('q', 'todos', { where: { done: true } });
    made.settle();
    made.cutNetwork();
    made.server.put('todos', 'k0', undefined, T + 100);
    made.server.put('todos', 'k1', { n: 1, done: true }, T + 101);
    expect(keys(realm, 'q')).toContain('k0');
    expect(realm.engine.queryResult('q').status).toBe('partial');
    made.healNetwork();
    expect(keys(realm, 'q')).toEqual(['k1', 'k2', 'k4', 'k6', 'k8']);
    expect(realm.engine.queryResult('q').status).toBe('complete');
  });

  it('[QRY-5] shows what it held after a reload offline, and replaces it once connected', () => {
    const made = world();
    const store = new FakeStore();
    const first = made.started(store);
    first.openQuery('q', 'todos', { where: { done: true } });
    made.settle();
    first.kill();
    made.cutNetwork();
    made.server.put('todos', 'k0', undefined, T + 100);
    const second = made.started(store);
    second.openQuery('other id', 'todos', { where: { done: true } });
    expect(keys(second, 'other id')).toEqual(['k0', 'k2', 'k4', 'k6', 'k8']);
    made.healNetwork();
    expect(keys(second, 'other id')).toEqual(['k2', 'k4', 'k6', 'k8']);
    expect(store.table('base')).toHaveLength(4);
  });

  it('[QRY-6] an own write stays visible from write over answer to ENTER, and leaves with LEAVE', () => {
    const made = world();
    const realm = made.started();
    realm.openQuery('q', 'todos', { where: { done: true } });
    made.settle();
    const seen = new Set<boolean>();
    realm.onEvent = () => seen.add(keys(realm, 'q').includes('mine'));
    realm.engine.put('todos', 'mine', { n: 100, done: true });
    made.settle();
    expect([...seen]).toEqual([true]);
    realm.onEvent = () => undefined;
    expect(realm.engine.pendingOps()).toBe(0);
    made.server.put('todos', 'mine', undefined, (made.timeMs + 1000) * 2048);
    made.settle();
    expect(keys(realm, 'q')).not.toContain('mine');
  });

  it.each([
    ['before', undefined],
    ['after', { n: 7, done: true }],
  ] as const)(
    '[QRY-6] an own write shows where a row left that was never here only if it was made after that row: %s',
    (made, shown) => {
      const around = world();
      const realm = around.started();
      realm.openQuery('q', 'todos', { where: { done: true } });
      around.settle();
      // It does not leave the device.
      realm.held.add('tx');
      realm.engine.put('todos', 'mine', { n: 7, done: true });
      around.settle();
      const [query = ''] = realm.connection?.queries.keys() ?? [];
      const t = (around.timeMs + (made === 'before' ? 1_000 : -1_000)) * 2048;
      const row = [0, 'mine', 1, t, 0, { n: 8, done: false }] as const;
      const changes = [[QUERY_CHANGE.LEAVE, partitionOf('mine'), 1, row]] as const;
      realm.engine.socketMessage({
        type: 'QUERY_UPDATE',
        query,
        v: 1,
        nodes: ['other______'],
        changes,
      } as never);
      around.settle();
      expect(realm.engine.get('todos', 'mine')).toEqual(shown);
      expect(keys(realm, 'q').includes('mine')).toBe(shown !== undefined);
    },
  );

  it('[QRY-7] a map that is here as a whole needs no subscription, and answers completely', () => {
    const made = world();
    const realm = made.started();
    realm.openQuery('q', 'todos', { where: { done: true } });
    made.settle();
    realm.engine.openMap('todos', 'LWW');
    made.settle();
    expect(realm.connection?.queries.size).toBe(0);
    expect(realm.engine.queryResult('q').status).toBe('complete');
    expect(keys(realm, 'q')).toHaveLength(5);
    expect(realm.engine.liveRoot('todos')).toBe(made.server.tree('todos').rootHash());
  });

  it('[QRY-8] a gap in the versions subscribes again', () => {
    const made = world();
    const realm = made.started();
    realm.openQuery('q', 'todos', { where: { done: true } });
    made.settle();
    const [query] = [...(realm.connection?.queries.keys() ?? [])];
    realm.connection?.deliver({ type: 'QUERY_UPDATE', query: query ?? '', v: 5, nodes: [], changes: [] });
    made.settle();
    expect(realm.connection?.received.filter(({ type }) => type === 'QUERY_SUB')).toHaveLength(2);
    expect(realm.engine.queryResult('q').status).toBe('complete');
  });

  it('[QRY-8] a repeated version is ignored; a repeated answer subscribes again', () => {
    const made = world();
    const realm = made.started();
    realm.openQuery('q', 'todos', { where: { done: true } });
    made.settle();
    const asked = () => realm.connection?.received.filter(({ type }) => type === 'QUERY_SUB').length;
    const [query = ''] = [...(realm.connection?.queries.keys() ?? [])];
    realm.connection?.deliver({ type: 'QUERY_UPDATE', query, v: 0, nodes: [], changes: [] });
    made.settle();
    expect(asked()).toBe(1);
    const answer = { type: 'QUERY_RESP', query, v: 0, nodes: [], rows: [], last: true, part: 0 } as const;
    realm.connection?.deliver(answer);
    made.settle();
    expect(asked()).toBe(2);
    // Of an asking that is over.
    realm.connection?.deliver(answer);
    made.settle();
    expect(asked()).toBe(2);
    expect(keys(realm, 'q').length).toBeGreaterThan(0);
  });

  it('[QRY-8] a late end of the asking before does not end the new one', () => {
    const made = world();
    const realm = made.started();
    const late: Parameters<typeof made.server.receive>[1][] = [];
    const receive = made.server.receive.bind(made.server);
    made.server.receive = (connection, message) => {
      if (message.type === 'QUERY_UNSUB') late.push(message);
      else receive(connection, message);
    };
    realm.openQuery('q', 'todos', { where: { done: true } });
    made.settle();
    realm.engine.closeQuery('q');
    made.settle();
    realm.openQuery('q', 'todos', { where: { done: true } });
    made.settle();
    const connection = realm.connection;
    if (!connection) throw new Error('not connected');
    for (const message of late) receive(connection, message);
    made.server.put('todos', 'new', { n: 99, done: true }, T + 100);
    made.settle();
    expect(late).toHaveLength(1);
    expect(keys(realm, 'q')).toContain('new');
  });

  it('[QRY-8] asking again leaves nothing behind at the server', () => {
    const made = world();
    const realm = made.started();
    realm.openQuery('q', 'todos', { where: { done: true } });
    made.settle();
    // Each time the store is read again, everything is asked for again.
    for (let i = 0; i < 5; i++) realm.engine.storeLost('gone');
    made.settle();
    expect(realm.connection?.queries.size).toBe(1);
    expect(realm.engine.queryResult('q').status).toBe('complete');
  });

  it('[QRY-9] the result is the same array until a row of it changes', () => {
    const made = world();
    const realm = made.started();
    realm.engine.openMap('todos', 'LWW');
    realm.openQuery('q', 'todos', { where: { done: true } });
    made.settle();
    const { rows } = realm.engine.queryResult('q');
    made.server.put('todos', 'k1', { n: 11, done: false }, T + 100);
    made.settle();
    expect(realm.engine.queryResult('q').rows).toBe(rows);
    realm.engine.put('todos', 'k0', { n: 0, done: true });
    made.settle();
    expect(realm.engine.queryResult('q').rows).not.toBe(rows);
  });

  it('[QRY-10] of a refused query the app is told; it does not keep the device from being connected', () => {
    const made = world();
    const realm = made.realm();
    realm.openQuery('q', 'todos', {});
    const receive = made.server.receive.bind(made.server);
    made.server.receive = (connection, message) => {
      if (message.type !== 'QUERY_SUB') return receive(connection, message);
      connection.deliver({ type: 'ERROR', code: 'DENIED', message: 'no', ref: message.query });
    };
    realm.engine.boot();
    realm.engine.start();
    made.settle();
    expect(realm.engine.state()).toBe('CONNECTED');
    expect(realm.eventsOf('error').map(({ error }) => error.code)).toEqual(['DENIED']);
  });

  it('[QRY-11] a row that only a closed query held, and that nobody keeps up to date, is not shown', () => {
    const made = world();
    const realm = made.started();
    const top = { sort: [['n', 'desc']], limit: 2 } as const;
    realm.openQuery('small', 'todos', { where: { n: { $lt: 3 } } });
    realm.openQuery('top', 'todos', top);
    made.settle();
    expect(keys(realm, 'top')).toEqual(['k9', 'k8']);
    realm.engine.closeQuery('small');
    made.settle();
    for (const k of ['k0', 'k1', 'k2']) made.server.put('todos', k, { n: -1 }, T + 100);
    for (const k of ['k9', 'k8', 'k7', 'k6', 'k5', 'k4', 'k3'])
      made.server.put('todos', k, undefined, T + 101);
    made.server.put('todos', 'k0', { n: 1 }, T + 102);
    made.settle();
    expect(realm.engine.queryResult('top')).toMatchObject({
      status: 'complete',
      rows: [
        { key: 'k0', value: { n: 1 } },
        { key: 'k1', value: { n: -1 } },
      ],
    });
  });

  it('[DEV-3] an own write that no query shows leaves the device with its answer', () => {
    const made = world();
    const realm = made.started();
    realm.openQuery('done', 'todos', { where: { done: true } });
    made.settle();
    realm.engine.put('todos', 'mine', { n: 5, done: false });
    expect(realm.engine.get('todos', 'mine')).toEqual({ n: 5, done: false });
    made.settle();
    expect(realm.engine.get('todos', 'mine')).toBeUndefined();
    expect(realm.store.table('base')).toHaveLength(5);
  });
});
