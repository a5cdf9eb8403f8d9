import { answeredMs, answeredOps } from '@topgun/protocol/limits';
import { describe, expect, it } from 'vitest';
import { type FakeRealm, FakeStore, FakeWorld } from './testing/FakeWorld.js';

/** A server that is stopped, restored from a backup, and started again. */
function restored(world: FakeWorld, restore: () => void): void {
  world.cutNetwork();
  restore();
  world.healNetwork();
}

function opened(): { world: FakeWorld; store: FakeStore; realm: FakeRealm } {
  const world = new FakeWorld();
  const store = new FakeStore();
  const realm = world.started(store);
  realm.engine.openMap('m', 'LWW');
  realm.engine.openMap('tags', 'OR');
  realm.engine.openMap('likes', 'PN');
  world.settle();
  return { world, store, realm };
}

const isEqual = (world: FakeWorld, realm: FakeRealm): void => {
  expect([realm.engine.state(), realm.engine.pendingOps()]).toEqual(['CONNECTED', 0]);
  for (const map of ['m', 'tags', 'likes'])
    expect([map, realm.engine.liveRoot(map)]).toEqual([map, world.server.tree(map).rootHash()]);
};

/** Seqs of the ops in the frames of this connection. */
const seqsSent = (realm: FakeRealm): number[] =>
  (realm.connection?.received ?? []).flatMap((message) =>
    message.type === 'OPS' ? message.rows.map(([seq]) => seq) : [],
  );

describe('ops that were answered and that the server may lose', () => {
  it('[INC-1] are sent again under their ids to a restored server: nothing is lost, nothing takes effect twice', () => {
    const { world, realm } = opened();
    realm.engine.put('m', 'kept', 1);
    realm.engine.increment('likes', 3);
    world.settle();
    const restore = world.server.backup();
    realm.engine.put('m', 'lost', 2);
    realm.engine.remove('m', 'kept');
    realm.engine.orAdd('tags', 'k', 'lost');
    realm.engine.increment('likes', 4);
    world.settle();
    restored(world, restore);
    isEqual(world, realm);
    expect(realm.engine.get('m', 'lost')).toBe(2);
    expect(realm.engine.get('m', 'kept')).toBeUndefined();
    expect(realm.engine.orGet('tags', 'k').map(({ value }) => value)).toEqual(['lost']);
    expect(realm.engine.counterValue('likes')).toBe(7);
    expect([...world.server.effects.values()]).toEqual([1, 1, 1, 1, 1, 1]);
    expect(seqsSent(realm)).toEqual([1, 2, 3, 4, 5, 6]);
    const [frame] = realm.connection?.received.filter(({ type }) => type === 'OPS') ?? [];
    expect(frame).toMatchObject({ settledBelow: 1, incarnation: world.server.incarnation });
  });

  it('[INC-1] show all the time what they showed, neither gone nor counted twice', () => {
    const { world, realm } = opened();
    const restore = world.server.backup();
    realm.engine.put('m', 'a', 1);
    realm.engine.increment('likes', 4);
    world.settle();
    const shown = new Set<string>();
    realm.onEvent = () =>
      shown.add(`${String(realm.engine.get('m', 'a'))} ${realm.engine.counterValue('likes')}`);
    restored(world, restore);
    isEqual(world, realm);
    expect([...shown]).toEqual(['1 4']);
  });

  it('[INC-1] do not bring back what somebody else has removed since', () => {
    const { world, realm } = opened();
    realm.engine.put('m', 'a', 1);
    world.settle();
    world.server.put('m', 'a', undefined, world.timeMs * 2048 + 2047);
    world.settle();
    expect(realm.engine.get('m', 'a')).toBeUndefined();
    const restore = world.server.backup();
    const shown: unknown[] = [];
    realm.onEvent = () => shown.push(realm.engine.get('m', 'a'));
    restored(world, restore);
    isEqual(world, realm);
    expect(shown.filter((value) => value !== undefined)).toEqual([]);
  });

  it('[INC-1] come before the comparison of roots, so that the walk does not take them for deleted', () => {
    const { world, realm } = opened();
    const restore = world.server.backup();
    realm.engine.put('m', 'a', 1);
    world.settle();
    restored(world, restore);
    const types = realm.connection?.received.map(({ type }) => type) ?? [];
    expect(types.indexOf('OPS')).toBeLessThan(types.indexOf('SYNC_INIT'));
    expect(types).not.toContain('MERKLE_REQ');
  });

  it('[INC-1] survive the tab, and a new leader sends again what the old one had not finished', () => {
    const { world, store, realm } = opened();
    const restore = world.server.backup();
    realm.engine.put('m', 'a', 1);
    realm.engine.put('m', 'b', 2);
    world.settle();
    world.server.dropAnswers = true;
    restored(world, restore);
    realm.kill();
    world.server.dropAnswers = false;
    const next = world.started(store);
    next.engine.openMap('m', 'LWW');
    world.healNetwork();
    expect(next.engine.get('m', 'b')).toBe(2);
    expect([next.engine.state(), next.engine.pendingOps()]).toEqual(['CONNECTED', 0]);
    expect([...world.server.effects.values()]).toEqual([1, 1]);
    expect(next.engine.liveRoot('m')).toBe(world.server.tree('m').rootHash());
    // Once answered by the restored store, they are not sent to it a third time.
    next.drop(1006);
    world.healNetwork();
    expect(seqsSent(next)).toEqual([]);
  });

  it('[INC-1] are kept for ten minutes of connected time, however long the device is away', () => {
    const { world, store, realm } = opened();
    realm.engine.put('m', 'a', 1);
    world.settle();
    expect(store.table('tail')).toHaveLength(1);
    world.cutNetwork();
    world.advance(answeredMs * 100);
    expect(store.table('tail')).toHaveLength(1);
    world.healNetwork();
    world.advance(answeredMs / 2);
    expect(store.table('tail')).toHaveLength(1);
    // A reload does not start the count again.
    realm.kill();
    const next = world.started(store);
    world.advance(answeredMs / 2 + 61_000);
    expect(store.table('tail')).toHaveLength(0);
    expect(next.engine.state()).toBe('CONNECTED');
  });

  it('[INC-1] are kept while the device sleeps: that is no connected time, though nobody told it that the connection ended', () => {
    const { world, realm } = opened();
    const restore = world.server.backup();
    realm.engine.put('m', 'lost', 1);
    world.settle();
    realm.freeze();
    world.advance(2 * answeredMs);
    realm.thaw();
    world.settle();
    restored(world, restore);
    isEqual(world, realm);
    expect(world.server.rows.get('m')?.get('lost')?.value).toBe(1);
  });

  it('[INC-1] are kept while the device sleeps, also when it finds frames of that time in its socket on waking', () => {
    const { world, realm } = opened();
    const restore = world.server.backup();
    realm.engine.put('m', 'lost', 1);
    world.settle();
    realm.freeze();
    world.server.put('m', 'meanwhile', 2, (world.timeMs + 1) * 2048);
    world.settle();
    world.advance(2 * answeredMs);
    realm.thaw();
    world.settle();
    realm.engine.put('m', 'awake', 3);
    world.settle();
    restored(world, restore);
    expect(world.server.rows.get('m')?.get('lost')?.value).toBe(1);
  });

  it('[INC-1] are bounded by number: the oldest go', () => {
    const { world, store, realm } = opened();
    const turns = 50;
    const each = answeredOps / turns;
    for (let turn = 0; turn <= turns; turn++) {
      for (let i = 0; i < each; i++) realm.engine.put('m', `${turn} ${i}`, i);
      world.settle();
    }
    const kept = store.table('tail').flatMap(([, value]) => (value as [string, number, unknown[]])[2]);
    expect(kept.length).toBeLessThanOrEqual(answeredOps);
    expect(kept.length).toBeGreaterThan(answeredOps - 2 * each);
    expect((kept.at(-1) as unknown[])[4]).toBe(`${turns} ${each - 1}`);
  });

  it('[INC-1] that were refused are not sent again: their makers know', () => {
    const { world, store, realm } = opened();
    const restore = world.server.backup();
    world.server.refuse = () => 'DENIED';
    realm.engine.put('m', 'a', 1);
    world.settle();
    world.server.refuse = () => undefined;
    expect(store.table('tail')).toEqual([]);
    restored(world, restore);
    expect(world.server.effects.size).toBe(0);
    isEqual(world, realm);
  });

  it('[INC-1] and are refused now are reported like any refusal, once, and leave the device', () => {
    const { world, store, realm } = opened();
    const restore = world.server.backup();
    realm.engine.put('m', 'a', 1);
    world.settle();
    world.server.refuse = () => 'DENIED';
    restored(world, restore);
    isEqual(world, realm);
    expect(realm.eventsOf('rejection').map(({ rejection }) => [rejection.key, rejection.code])).toEqual([
      ['a', 'DENIED'],
    ]);
    expect(realm.engine.get('m', 'a')).toBeUndefined();
    expect(store.table('tail')).toEqual([]);
  });

  it('[INC-1] of a session that has ended long ago are sent again under that session', () => {
    const { world, store, realm } = opened();
    const restore = world.server.backup();
    realm.engine.put('m', 'a', 1);
    world.settle();
    realm.kill();
    const next = world.started(store);
    next.engine.openMap('m', 'LWW');
    world.advance(1000);
    restored(world, restore);
    expect(next.engine.get('m', 'a')).toBe(1);
    expect(next.connection?.received).toContainEqual(
      expect.objectContaining({ type: 'OPS', session: realm.engine.session, settledBelow: 1 }),
    );
  });

  it('[INC-1] wait with those that were never answered, in the order of their seqs', () => {
    const { world, realm } = opened();
    const restore = world.server.backup();
    realm.engine.put('m', 'a', 1);
    world.settle();
    world.cutNetwork();
    realm.engine.put('m', 'a', 2);
    realm.engine.increment('likes', 5);
    world.settle();
    restore();
    world.healNetwork();
    isEqual(world, realm);
    expect(seqsSent(realm)).toEqual([1, 2, 3]);
    expect([realm.engine.get('m', 'a'), realm.engine.counterValue('likes')]).toEqual([2, 5]);
  });

  it('[INC-1] what waits in the overlay for an answer of the lost time is sent again', () => {
    const { world, realm } = opened();
    const restore = world.server.backup();
    // The first increment is answered and waits for the second, whose answer is lost.
    realm.engine.increment('likes', 1);
    world.settle();
    realm.held.add('server');
    realm.engine.increment('likes', 2);
    realm.engine.increment('likes', 4);
    world.settle();
    realm.held.delete('server');
    restored(world, restore);
    isEqual(world, realm);
    expect(realm.engine.counterValue('likes')).toBe(7);
  });

  it('[INC-2] a server that notices in the middle of a connection is met again, and gets everything', () => {
    const { world, realm } = opened();
    const restore = world.server.backup();
    realm.engine.put('m', 'a', 1);
    world.settle();
    restore();
    const [connection] = world.server.connections;
    connection?.deliver({ type: 'ERROR', code: 'NEW_INCARNATION', message: 'restored' });
    world.advance(60_000);
    isEqual(world, realm);
    expect(realm.engine.get('m', 'a')).toBe(1);
    expect(realm.eventsOf('error')).toEqual([]);
  });
});
