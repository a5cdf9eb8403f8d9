import { type ClientMessage, unpackPositions } from '@topgun/protocol';
import { describe, expect, it } from 'vitest';
import { type FakeRealm, FakeStore, FakeWorld } from './testing/FakeWorld.js';

const T = 1_600_000_000_000 * 2048;

/** A device that has all of a map, and its cursor. */
function synced(rows: number) {
  const world = new FakeWorld();
  for (let i = 0; i < rows; i++) world.server.put('m', `k${i}`, { i }, T + i);
  const realm = world.started();
  realm.engine.openMap('m', 'LWW');
  world.settle();
  world.server.rowsSent = 0;
  return { world, realm };
}

const reopened = (world: FakeWorld, store: FakeStore): FakeRealm => {
  const realm = world.started(store);
  realm.engine.openMap('m', 'LWW');
  world.settle();
  return realm;
};

/** What a device asked the server about maps over its connection, in order. */
const asked = (realm: FakeRealm): string[] =>
  (realm.connection?.received ?? []).flatMap(({ type }) =>
    ['SYNC_INIT', 'MERKLE_REQ', 'ROWS_REQ'].includes(type) ? [type] : [],
  );

const cursorIn = (message: ClientMessage | undefined): Uint8Array | undefined =>
  message?.type === 'SYNC_INIT' ? message.cursor : undefined;

function expectEqual(world: FakeWorld, realm: FakeRealm): void {
  expect(realm.engine.isSynced('m')).toBe(true);
  expect(realm.engine.liveRoot('m')).toBe(world.server.tree('m').rootHash());
}

describe('resume by cursor', () => {
  it('[RES-3] a short disconnect brings what changed, in one round trip and without a walk', () => {
    const { world, realm } = synced(2000);
    realm.drop(1006);
    world.server.put('m', 'k5', 'changed', T + 10_000);
    world.server.put('m', 'k6', undefined, T + 10_001);
    world.server.put('other', 'k', 'of another map', T + 10_002);
    world.advance(60_000);
    expect(asked(realm)).toEqual(['SYNC_INIT']);
    expect(world.server.rowsSent).toBe(2);
    expect([realm.engine.get('m', 'k5'), realm.engine.has('m', 'k6')]).toEqual(['changed', false]);
    expectEqual(world, realm);
  });

  it('[RES-3] [DEV-3] so does a start, from the cursor stored with the rows', () => {
    const { world, realm } = synced(500);
    realm.kill();
    world.server.put('m', 'k5', 'changed', T + 10_000);
    const again = reopened(world, realm.store);
    expect(asked(again)).toEqual(['SYNC_INIT']);
    expect(world.server.rowsSent).toBe(1);
    expectEqual(world, again);
  });

  it('[DEV-3] no store ever holds a cursor without the rows it stands for', () => {
    const { world, realm } = synced(40);
    const states = [new Map(realm.store.rows)];
    const apply = realm.store.apply.bind(realm.store);
    realm.store.apply = (batch) => {
      const commit = apply(batch);
      states.push(new Map(realm.store.rows));
      return commit;
    };
    for (let i = 0; i < 30; i++) {
      world.server.put('m', `k${i % 7}`, i % 5 === 0 ? undefined : `again ${i}`, T + 10_000 + i);
      if (i % 4 === 0) world.server.sync.tellCursor(world.server.connections, 'm');
      if (i % 6 === 0) realm.drop(1006);
      world.advance(i % 6 === 0 ? 60_000 : 10);
    }
    realm.kill();
    expect(states.length).toBeGreaterThan(20);
    const withCursor = states.filter((state) => state.has('cursor\0m'));
    expect(withCursor.length).toBeGreaterThan(20);
    for (const state of withCursor) {
      const store = new FakeStore();
      store.restore(state);
      const again = reopened(world, store);
      expect(asked(again)).toEqual(['SYNC_INIT']);
      expectEqual(world, again);
      again.kill();
    }
  });

  it('[RES-3] a device online for long resumes from the last cursor it was told, not from its start', () => {
    const { world, realm } = synced(50);
    for (let i = 0; i < 40; i++) world.server.put('m', `k${i}`, 'while online', T + 10_000 + i);
    world.settle();
    world.server.sync.tellCursor(world.server.connections, 'm');
    world.settle();
    realm.kill();
    world.server.rowsSent = 0;
    const again = reopened(world, realm.store);
    expect([world.server.rowsSent, asked(again)]).toEqual([0, ['SYNC_INIT']]);
    const places = unpackPositions(
      cursorIn(again.connection?.received[1])?.subarray(0, -16) ?? new Uint8Array(),
    );
    expect(places?.reduce((sum, [, , n]) => sum + n, 0)).toBe(90);
  });

  it('[RES-2] [RES-3] a cursor told behind a delta that was lost is not kept', () => {
    const { world, realm } = synced(10);
    world.server.dropDeltas = true;
    world.server.put('m', 'k1', 'lost', T + 10_000);
    world.server.dropDeltas = false;
    const before = realm.store.rows.get('cursor\0m');
    world.server.sync.tellCursor(world.server.connections, 'm');
    world.settle();
    expect(realm.store.rows.get('cursor\0m')).toEqual(before);
    realm.kill();
    const again = reopened(world, realm.store);
    expect(again.engine.get('m', 'k1')).toBe('lost');
    expect(asked(again)).toEqual(['SYNC_INIT']);
  });

  it('[RES-3] [DEV-5] no cursor is kept while a counter row waits that base does not have', () => {
    const world = new FakeWorld();
    const realm = world.started();
    realm.engine.openMap('likes', 'PN');
    world.server.addToCounter('likes', 'likes', 5);
    world.settle();
    world.server.dropAnswers = true;
    realm.engine.increment('likes', 1);
    world.settle();
    world.server.dropAnswers = false;
    world.server.addToCounter('likes', 'likes', 7);
    world.settle();
    const before = realm.store.rows.get('cursor\0likes');
    world.server.sync.tellCursor(world.server.connections, 'likes');
    world.settle();
    expect(realm.store.rows.get('cursor\0likes')).toEqual(before);
    realm.kill();
    const again = world.started(realm.store);
    again.engine.openMap('likes', 'PN');
    world.settle();
    expect([again.engine.counterValue('likes'), asked(again)]).toEqual([13, ['SYNC_INIT']]);
  });

  it('[RES-3] a long way is made in steps, and a break between them loses none', () => {
    const { world, realm } = synced(300);
    realm.kill();
    for (let i = 0; i < 200; i++) world.server.put('m', `k${i}`, 'changed', T + 10_000 + i);
    world.server.sync.pageRows = 30;
    const first = world.started(realm.store);
    const receive = world.server.receive.bind(world.server);
    let steps = 0;
    world.server.receive = (connection, message) => {
      if (message.type === 'SYNC_INIT' && ++steps === 4) first.drop(1006);
      else receive(connection, message);
    };
    first.engine.openMap('m', 'LWW');
    world.settle();
    expect(world.server.rowsSent).toBe(90);
    world.advance(60_000);
    expect(world.server.rowsSent).toBe(200);
    expect(asked(first).every((type) => type === 'SYNC_INIT')).toBe(true);
    expectEqual(world, first);
  });

  it('[RES-3] deltas that come while a long way is made are in it or follow it', () => {
    const { world, realm } = synced(100);
    realm.drop(1006);
    for (let i = 0; i < 60; i++) world.server.put('m', `k${i}`, 'changed', T + 10_000 + i);
    world.server.sync.pageRows = 7;
    const receive = world.server.receive.bind(world.server);
    let i = 0;
    world.server.receive = (connection, message) => {
      receive(connection, message);
      if (message.type === 'SYNC_INIT' && i < 20) {
        world.server.put('m', `k${(i * 13) % 100}`, i % 3 === 0 ? undefined : `later ${i}`, T + 20_000 + i);
        i++;
      }
    };
    world.advance(60_000);
    expect(asked(realm).every((type) => type === 'SYNC_INIT')).toBe(true);
    expectEqual(world, realm);
  });

  it('[RES-3] the answer of a write that is sent again does not keep out what replaced it meanwhile', () => {
    const { world, realm } = synced(100);
    world.server.dropAnswers = true;
    world.server.dropDeltas = true;
    realm.engine.put('m', 'k5', 'mine');
    world.settle();
    realm.drop(1006);
    world.server.dropDeltas = false;
    world.server.put('m', 'k5', 'theirs', 2 * T);
    for (let i = 10; i < 70; i++) world.server.put('m', `k${i}`, 'changed', T + 10_000 + i);
    world.server.sync.pageRows = 7;
    const receive = world.server.receive.bind(world.server);
    let steps = 0;
    world.server.receive = (connection, message) => {
      if (message.type !== 'SYNC_INIT' || ++steps !== 4) return receive(connection, message);
      // What replaced it has come, and waits for the rest.
      world.server.dropAnswers = false;
      realm.drop(1006);
    };
    world.advance(120_000);
    expect(asked(realm).every((type) => type === 'SYNC_INIT')).toBe(true);
    expect([realm.engine.get('m', 'k5'), realm.engine.pendingOps()]).toEqual(['theirs', 0]);
    expectEqual(world, realm);
  });

  it.each(['in the same life of the tab', 'after a reload'])(
    '[RES-3] [SRV-3] the repeated answer of a write that was removed before the cursor does not bring it back, %s',
    (when) => {
      const { world, realm } = synced(100);
      world.server.dropAnswers = true;
      world.server.dropDeltas = true;
      realm.engine.put('m', 'new', 'mine');
      world.settle();
      world.server.put('m', 'new', undefined, 2 * T);
      world.settle();
      realm.drop(1006);
      world.server.dropDeltas = false;
      world.advance(60_000);
      // The cursor of the second connection is behind the removal, the answer is lost again.
      expect([asked(realm), realm.engine.pendingOps()]).toEqual([['SYNC_INIT'], 1]);
      expectEqual(world, realm);
      world.server.dropAnswers = false;
      let again = realm;
      if (when === 'after a reload') {
        realm.kill();
        again = reopened(world, realm.store);
      } else realm.drop(1006);
      world.advance(60_000);
      expect([again.engine.has('m', 'new'), again.engine.pendingOps()]).toEqual([false, 0]);
      expect(asked(again)).toEqual(['SYNC_INIT']);
      expectEqual(world, again);
    },
  );

  it('[RES-5] a cursor on a damaged replica is found out by the root, and a walk repairs', () => {
    const { world, realm } = synced(400);
    realm.kill();
    const { rows } = realm.store;
    const altered = rows.get('base\0m\0k7') as [string[], unknown[]];
    rows.set('base\0m\0k7', [altered[0], altered[1].with(6, 'altered')]);
    rows.delete('base\0m\0k8');
    const added = altered[1].with(1, 'ghost');
    rows.set('base\0m\0ghost', [['base', 'm', 'ghost'], added]);
    world.server.put('m', 'k9', 'changed', T + 10_000);
    const again = reopened(world, realm.store);
    expect(asked(again)).toEqual(['SYNC_INIT', 'SYNC_INIT', 'MERKLE_REQ', 'ROWS_REQ']);
    // The change, the altered row and the lost one; the added one goes without a row.
    expect(world.server.rowsSent).toBe(3);
    expect([again.engine.get('m', 'k7'), again.engine.get('m', 'k8')]).toEqual([{ i: 7 }, { i: 8 }]);
    expect(again.engine.has('m', 'ghost')).toBe(false);
    expectEqual(world, again);
  });

  it('[RES-5] a server whose rows are not what its hashes say is reported, and asked again later', () => {
    const { world, realm } = synced(50);
    const row = world.server.rows.get('m')?.get('k3');
    const tree = world.server.tree('m');
    world.server.tree = () => tree;
    if (row) world.server.rows.get('m')?.set('k3', { ...row, value: 'altered in memory' });
    realm.kill();
    const fresh = reopened(world, new FakeStore());
    expect(fresh.engine.isSynced('m')).toBe(false);
    expect(fresh.eventsOf('error').map(({ error }) => error.code)).toEqual(['SYNC_DIVERGED']);
    if (row) world.server.rows.get('m')?.set('k3', row);
    world.advance(5_000);
    expect(fresh.engine.isSynced('m')).toBe(true);
    expect(fresh.engine.entries('m')).toHaveLength(50);
  });

  it('[RES-3] a wiped store has no cursor', () => {
    const { world, realm } = synced(5);
    realm.kill();
    realm.store.rows.clear();
    const again = reopened(world, realm.store);
    expect(cursorIn(again.connection?.received[1])).toBeUndefined();
    expectEqual(world, again);
  });

  it('[RES-3] a view of a part of the map takes the cursor back', () => {
    const { world, realm } = synced(5);
    expect(realm.store.rows.has('cursor\0m')).toBe(true);
    world.server.sync.hasCursors = false;
    world.server.rows.get('m')?.delete('k1');
    realm.drop(1006);
    world.advance(60_000);
    expect(realm.engine.has('m', 'k1')).toBe(false);
    expect(realm.store.rows.has('cursor\0m')).toBe(false);
  });

  it('[RES-3] a map that may not be read any more loses rows and cursor', () => {
    const { world, realm } = synced(5);
    realm.connection?.deliver({ type: 'ERROR', code: 'DENIED', message: 'no', ref: 'm' });
    world.settle();
    expect(realm.store.table('base')).toEqual([]);
    expect(realm.store.table('cursor')).toEqual([]);
  });

  it('[RES-3] a query on a closed map takes rows out of base, and the cursor with them', () => {
    const { world, realm } = synced(5);
    realm.engine.closeMap('m');
    realm.openQuery('q', 'm', { where: { i: 3 } });
    world.settle();
    expect(realm.store.table('cursor')).toEqual([]);
    expect(realm.store.table('base')).toHaveLength(1);
    realm.engine.openMap('m', 'LWW');
    world.settle();
    expectEqual(world, realm);
  });

  it('[TX-3] a tab that takes over goes on from the cursor of the one before', () => {
    const { world, realm } = synced(200);
    const other = world.started(realm.store);
    other.engine.openMap('m', 'LWW');
    world.settle();
    world.server.put('m', 'k1', 'before', T + 10_000);
    world.server.sync.tellCursor(world.server.connections, 'm');
    world.settle();
    realm.kill();
    world.server.put('m', 'k2', 'between', T + 10_001);
    world.server.rowsSent = 0;
    world.advance(60_000);
    expect(other.engine.isLeader()).toBe(true);
    expect([other.engine.get('m', 'k1'), other.engine.get('m', 'k2')]).toEqual(['before', 'between']);
    expect(asked(other)).toEqual(['SYNC_INIT']);
    expect(world.server.rowsSent).toBe(1);
    expectEqual(world, other);
  });

  it('[TX-3] a leader that lost its lock forgets the cursor together with the rows it had not stored', () => {
    const { world, realm } = synced(20);
    const stored = realm.store.rows.get('cursor\0m');
    realm.held.add('tx');
    world.server.put('m', 'k1', 'not stored', T + 10_000);
    world.server.sync.tellCursor(world.server.connections, 'm');
    world.settle();
    const other = world.started(realm.store);
    other.acquireLock(true);
    world.settle();
    expect(realm.engine.isLeader()).toBe(false);
    realm.release('tx');
    world.advance(60_000);
    expect(realm.store.rows.get('cursor\0m')).not.toBeUndefined();
    expect(stored).not.toBeUndefined();
    for (const one of [realm, other]) expect(one.engine.get('m', 'k1')).toBe('not stored');
    realm.kill();
    other.kill();
    expectEqual(world, reopened(world, realm.store));
  });
});
