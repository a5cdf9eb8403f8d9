import type { ServerMessage } from '@topgun/protocol';
import { describe, expect, it } from 'vitest';
import { type FakeRealm, FakeStore, FakeWorld } from './testing/FakeWorld.js';

// Decision 0005.
describe('an op that the device has forgotten to have settled', () => {
  /** A store that a crash took back to where the op was logged and not answered, while the server knows it as settled. */
  function takenBack(world: FakeWorld): FakeStore {
    const store = new FakeStore();
    const realm = world.started(store);
    realm.engine.openMap('m', 'LWW');
    world.settle();
    realm.held.add('server');
    realm.engine.put('m', 'k', 'old');
    world.settle();
    const logged = new Map(store.rows);
    realm.release('server');
    world.settle();
    realm.engine.put('m', 'other', 1);
    world.settle();
    expect(realm.engine.pendingOps()).toBe(0);
    realm.kill();
    store.restore(logged);
    return store;
  }

  it('[DEV-2] stays visible until the scope is complete again, for base may be lost with the answer', () => {
    const world = new FakeWorld();
    const store = takenBack(world);
    const realm = world.realm(store);
    const roots: ServerMessage[] = [];
    const deliver = realm.engine.socketMessage.bind(realm.engine);
    realm.engine.socketMessage = (message) => {
      if (message.type === 'SYNC_ROOT') roots.push(message);
      else deliver(message);
    };
    realm.engine.openMap('m', 'LWW');
    realm.engine.boot();
    realm.engine.start();
    world.settle();
    expect(roots).toHaveLength(1);
    expect([realm.engine.get('m', 'k'), realm.engine.pendingOps()]).toEqual(['old', 1]);
    realm.engine.socketMessage = deliver;
    for (const root of roots) deliver(root);
    world.settle();
    expect([realm.engine.get('m', 'k'), realm.engine.pendingOps()]).toEqual(['old', 0]);
  });

  /** The transactions that end ops: what is asked of each, and the seqs. */
  function commitsOf(realm: FakeRealm): string[] {
    const told: string[] = [];
    const tx = realm.tx.bind(realm);
    realm.tx = (id, batch) => {
      const ends = batch.deletes.flatMap(([table, , seq]) => (table === 'op' ? [Number(seq)] : []));
      if (ends.length > 0) told.push(`${batch.durability} ${ends}`);
      tx(id, batch);
    };
    return told;
  }

  it('[DEV-7] [GC-3] had an effect: the end of one that had none is flushed before the server may forget it', () => {
    const world = new FakeWorld();
    const realm = world.started();
    const told = commitsOf(realm);
    realm.engine.openMap('m', 'LWW');
    world.settle();
    world.server.refuse = (_, [seq]) => (seq === 2 ? 'DENIED' : seq === 3 ? 'STALE_OP' : undefined);
    for (const key of ['taken', 'denied', 'stale']) {
      realm.engine.put('m', key, 1);
      world.settle();
    }
    expect(told).toEqual(['relaxed 1', 'strict 2', 'strict 3', 'relaxed 4']);
  });

  it('[SRV-5] is told of late, by a tab that led before, and ends in the store all the same', () => {
    const world = new FakeWorld();
    const store = new FakeStore();
    const realm = world.started(store);
    realm.engine.openMap('m', 'LWW');
    world.settle();
    realm.held.add('server');
    realm.engine.put('m', 'a', 1);
    world.settle();
    realm.held.add('tx');
    realm.engine.put('m', 'b', 1);
    realm.release('server');
    world.settle();
    const { session } = realm.engine;
    realm.engine.channel({ type: 'settled', from: 'former', session, seq: 1, outcome: 'applied' });
    realm.release('tx');
    world.settle();
    realm.engine.put('m', 'c', 1);
    world.settle();
    expect(store.table('op')).toEqual([]);
    const frames = realm.connection?.received.filter((message) => message.type === 'OPS') ?? [];
    expect(frames.map(({ settledBelow }) => settledBelow)).toEqual([1, 1, 3]);
  });

  it('[SRV-3] does not cover a newer row of another device', () => {
    const world = new FakeWorld();
    const store = takenBack(world);
    world.server.put('m', 'k', 'newer', (world.timeMs + 1000) * 2048);
    const realm = world.started(store);
    realm.engine.openMap('m', 'LWW');
    world.settle();
    expect([realm.engine.get('m', 'k'), realm.engine.pendingOps()]).toEqual(['newer', 0]);
    expect(realm.engine.liveRoot('m')).toBe(world.server.tree('m').rootHash());
  });
});
