import { describe, expect, it } from 'vitest';
import { FakeStore, FakeWorld } from './testing/FakeWorld.js';

describe('RealmEngine alone', () => {
  it('[DEV-1] shows a write in the same turn, before the store is even loaded', () => {
    const world = new FakeWorld();
    const realm = world.realm();
    realm.engine.openMap('todos', 'LWW');
    realm.engine.put('todos', 'a', { n: 1 });
    expect(realm.engine.get('todos', 'a')).toEqual({ n: 1 });
    realm.engine.boot();
    realm.engine.start();
    world.settle();
    expect(realm.engine.get('todos', 'a')).toEqual({ n: 1 });
    expect(realm.engine.state()).toBe('CONNECTED');
    expect(realm.engine.pendingOps()).toBe(0);
    expect(realm.store.table('op')).toEqual([]);
    expect(world.server.rows.get('todos')?.get('a')?.value).toEqual({ n: 1 });
    expect(realm.engine.liveRoot('todos')).toBe(world.server.tree('todos').rootHash());
  });

  it('[DEV-2] writes all ops of a turn in one transaction', () => {
    const world = new FakeWorld();
    const store = new FakeStore();
    const realm = world.started(store, { server: false });
    const before = store.commits;
    for (let i = 0; i < 100; i++) realm.engine.put('todos', `k${i}`, i);
    world.settle();
    expect(store.commits).toBe(before + 1);
    expect(store.table('op')).toHaveLength(100);
  });
});
