import type { ClientMessage } from '@topgun/protocol';
import { describe, expect, it } from 'vitest';
import { FakeStore, FakeWorld } from './testing/FakeWorld.js';

const T = 1_600_000_000_000 * 2048;

function filled(rows: number, map = 'm') {
  const world = new FakeWorld();
  for (let i = 0; i < rows; i++) world.server.put(map, `k${i}`, { i }, T + i);
  const realm = world.started();
  realm.engine.openMap(map, 'LWW');
  world.settle();
  return { world, realm };
}

const count = (messages: readonly ClientMessage[] | undefined, type: ClientMessage['type']): number =>
  messages?.filter((message) => message.type === type).length ?? 0;

describe('whole-map scopes', () => {
  it('[RES-5] the first sync brings every row once and ends with equal roots', () => {
    const { world, realm } = filled(3000);
    expect(realm.engine.isSynced('m')).toBe(true);
    expect(realm.engine.entries('m')).toHaveLength(3000);
    expect(realm.engine.liveRoot('m')).toBe(world.server.tree('m').rootHash());
    expect(world.server.rowsSent).toBe(3000);
  });

  it('[RES-5] a later sync sends only the rows that changed', () => {
    const { world, realm } = filled(3000);
    const { store } = realm;
    realm.kill();
    world.server.put('m', 'k5', 'changed', T + 10_000);
    world.server.put('m', 'k6', undefined, T + 10_001);
    world.server.put('m', 'new', 'added', T + 10_002);
    world.server.rowsSent = 0;
    const again = world.started(store);
    again.engine.openMap('m', 'LWW');
    // The store is read in slices.
    world.advance(100);
    expect(again.engine.isSynced('m')).toBe(true);
    expect(world.server.rowsSent).toBe(3);
    expect(again.engine.get('m', 'k5')).toBe('changed');
    expect(again.engine.has('m', 'k6')).toBe(false);
    expect(again.engine.liveRoot('m')).toBe(world.server.tree('m').rootHash());
  });

  it('[RES-5] an unchanged map costs no rows and one round trip', () => {
    const { world, realm } = filled(500);
    const { store } = realm;
    realm.kill();
    world.server.rowsSent = 0;
    const again = world.started(store);
    again.engine.openMap('m', 'LWW');
    world.settle();
    expect(world.server.rowsSent).toBe(0);
    expect(count(again.connection?.received, 'SYNC_INIT')).toBe(1);
    expect(count(again.connection?.received, 'MERKLE_REQ')).toBe(0);
  });

  it('[RES-5] swaps what a walk found in one transaction', () => {
    const world = new FakeWorld();
    for (let i = 0; i < 200; i++) world.server.put('m', `k${i}`, i, T + i);
    const store = new FakeStore();
    const sizes: number[] = [];
    const apply = store.apply.bind(store);
    store.apply = (batch) => {
      const commit = apply(batch);
      sizes.push(store.table('base').length);
      return commit;
    };
    const realm = world.started(store);
    realm.engine.openMap('m', 'LWW');
    world.settle();
    expect([...new Set(sizes)]).toEqual([0, 200]);
  });

  it('[RES-2] follows deltas, and a gap in the chain starts over and heals', () => {
    const { world, realm } = filled(50);
    world.server.put('m', 'k1', 'a', T + 1000);
    world.settle();
    expect(realm.engine.get('m', 'k1')).toBe('a');
    expect(count(realm.connection?.received, 'SYNC_INIT')).toBe(1);
    world.server.dropDeltas = true;
    world.server.put('m', 'k1', 'lost', T + 2000);
    world.server.put('m', 'k2', undefined, T + 2001);
    world.server.dropDeltas = false;
    world.settle();
    expect(realm.engine.get('m', 'k1')).toBe('a');
    world.server.put('m', 'k1', 'after the gap', T + 3000);
    world.settle();
    expect(realm.engine.get('m', 'k1')).toBe('after the gap');
    expect(realm.engine.has('m', 'k2')).toBe(false);
    expect(realm.engine.isSynced('m')).toBe(true);
    expect(realm.engine.liveRoot('m')).toBe(world.server.tree('m').rootHash());
  });

  it('[RES-5] deltas that arrive during the walk are not undone by it', () => {
    const world = new FakeWorld();
    for (let i = 0; i < 300; i++) world.server.put('m', `k${i}`, i, T + i);
    const realm = world.started();
    let step = 0;
    const receive = world.server.receive.bind(world.server);
    world.server.receive = (connection, message) => {
      receive(connection, message);
      if (message.type !== 'MERKLE_REQ' && message.type !== 'ROWS_REQ') return;
      step++;
      world.server.put('m', `k${step}`, `during ${step}`, T + 1000 + step);
      world.server.put('m', `k${100 + step}`, undefined, T + 1000 + step);
      if (step > 5) world.server.receive = receive;
    };
    realm.engine.openMap('m', 'LWW');
    world.settle();
    expect(step).toBeGreaterThan(0);
    expect(realm.engine.get('m', 'k1')).toBe('during 1');
    expect(realm.engine.has('m', 'k101')).toBe(false);
    expect(realm.engine.liveRoot('m')).toBe(world.server.tree('m').rootHash());
    expect(realm.engine.isSynced('m')).toBe(true);
  });

  it('[DEV-1] a write during the first sync stays visible throughout', () => {
    const world = new FakeWorld();
    for (let i = 0; i < 100; i++) world.server.put('m', `k${i}`, i, T + i);
    const realm = world.realm();
    realm.engine.openMap('m', 'LWW');
    realm.engine.put('m', 'k1', 'mine');
    const seen = new Set<unknown>();
    realm.onEvent = () => seen.add(realm.engine.get('m', 'k1'));
    realm.engine.boot();
    realm.engine.start();
    world.settle();
    expect([...seen]).toEqual(['mine']);
    expect(realm.engine.liveRoot('m')).toBe(world.server.tree('m').rootHash());
  });

  it('[DEV-4] an own deletion that is answered before older deltas arrive is not undone by them', () => {
    const { world, realm } = filled(3);
    realm.held.add('server');
    world.server.put('m', 'k1', 'older delta', T + 100);
    realm.engine.remove('m', 'k1');
    world.settle();
    // The answer overtakes the deltas: drop those, so that only the answer and the next sync speak.
    realm.release('server');
    world.settle();
    expect(realm.engine.has('m', 'k1')).toBe(false);
    expect(realm.engine.liveRoot('m')).toBe(world.server.tree('m').rootHash());
  });

  it('[RES-7] a device with rows that the server does not have sends none of them, only ops and questions', () => {
    const { world, realm } = filled(5);
    for (const [item] of [...(world.server.rows.get('m') ?? [])]) world.server.rows.get('m')?.delete(item);
    realm.drop(1006);
    realm.engine.put('m', 'mine', 1);
    world.advance(60_000);
    const sent = realm.connection?.received ?? [];
    const kinds = new Set(sent.map(({ type }) => type));
    expect([...kinds].sort()).toEqual(expect.arrayContaining(['MERKLE_REQ', 'OPS', 'SYNC_INIT']));
    for (const kind of kinds)
      expect(['AUTH', 'MERKLE_REQ', 'OPS', 'PING', 'ROWS_REQ', 'SYNC_INIT']).toContain(kind);
    expect(sent.flatMap((one) => (one.type === 'OPS' ? one.rows.map((row) => row[3]) : []))).toEqual([
      'mine',
    ]);
    expect([...(world.server.rows.get('m')?.keys() ?? [])]).toEqual(['mine']);
    expect(realm.engine.entries('m')).toEqual([['mine', 1]]);
  });

  it('[RES-5] maps opened before and after connecting are synced alike', () => {
    const world = new FakeWorld();
    world.server.put('early', 'k', 1, T);
    world.server.put('late', 'k', 2, T);
    const realm = world.realm();
    realm.engine.openMap('early', 'LWW');
    realm.engine.boot();
    realm.engine.start();
    world.settle();
    realm.engine.openMap('late', 'LWW');
    world.settle();
    expect([realm.engine.get('early', 'k'), realm.engine.get('late', 'k')]).toEqual([1, 2]);
    realm.engine.closeMap('late');
    world.settle();
    expect(realm.connection?.received.at(-1)).toEqual({ type: 'SYNC_END', map: 'late' });
    expect(realm.engine.get('late', 'k')).toBe(2);
  });

  it('a map the user may not read leaves the device and does not keep it from being connected', () => {
    const { world, realm } = filled(5);
    const receive = world.server.receive.bind(world.server);
    world.server.receive = (connection, message) => {
      if (message.type !== 'SYNC_INIT') return receive(connection, message);
      connection.deliver({
        type: 'ERROR',
        code: 'DENIED',
        message: 'no',
        req: message.req,
        ref: message.map,
      });
    };
    realm.drop(1006);
    world.advance(60_000);
    expect(realm.engine.state()).toBe('CONNECTED');
    expect(realm.engine.entries('m')).toEqual([]);
    expect(realm.eventsOf('error').map(({ error }) => error.code)).toEqual(['DENIED']);
  });

  it('[GC-4] a pruned position moves a complete scope along', () => {
    const { world, realm } = filled(5);
    const at = [...Array(271).keys()].map((pid) => [pid, 9, 50] as const);
    realm.connection?.deliver({ type: 'GC_PRUNE', map: 'm', at });
    realm.connection?.deliver({
      type: 'SERVER_EVENT',
      map: 'm',
      nodes: [],
      parts: at.map(([pid]) => [pid, 9, 50, 9, 51, []] as const),
    });
    world.settle();
    expect(realm.engine.isSynced('m')).toBe(true);
    expect(count(realm.connection?.received, 'SYNC_INIT')).toBe(1);
  });
});
