import { describe, expect, it } from 'vitest';
import { type FakeRealm, FakeStore, FakeWorld } from './testing/FakeWorld.js';

/** A store that has heard from the server that no resolver judges the map `m`; before that nothing is replaced there. */
function plainStore(): FakeStore {
  const store = new FakeStore();
  store.apply({
    puts: [[['map', 'm'], { kind: 'LWW', hasResolver: false }]],
    deletes: [],
    durability: 'relaxed',
  });
  return store;
}

const values = (store: FakeStore): unknown[] => store.table('op').map(([, op]) => (op as unknown[])[6]);
const ends = (realm: FakeRealm): unknown[] =>
  realm.eventsOf('settled').map(({ seq, outcome, by }) => [seq, outcome, by]);

/** Value, counter and waiting ops of a device whose app has been given a server. */
function shownWithServer(world: FakeWorld, store: FakeStore): unknown[] {
  const { engine } = world.started(store);
  engine.openMap('m', 'LWW');
  engine.openMap('likes', 'PN');
  world.settle();
  return [engine.get('m', 'k'), engine.counterValue('likes'), engine.pendingOps()];
}

describe('coalescing', () => {
  it('[DEV-6] a removal replaces a write and a write a removal, as writes of one LWW key', () => {
    const world = new FakeWorld();
    const realm = world.started(plainStore(), { server: false });
    realm.engine.put('m', 'k', 1);
    realm.engine.remove('m', 'k');
    realm.engine.put('m', 'k', 2);
    realm.engine.put('m', 'other', 3);
    world.settle();
    expect(values(realm.store)).toEqual([2, 3]);
    expect(ends(realm)).toEqual([
      [1, 'superseded', 2],
      [2, 'superseded', 3],
    ]);
  });

  it('[DEV-9] a server that appears later gets what was written without one, in order, and nothing is lost over reloads', () => {
    const world = new FakeWorld();
    const store = new FakeStore();
    const first = world.started(store, { server: false });
    for (const value of [1, 2, 3]) first.engine.put('m', 'k', value);
    first.engine.increment('likes', 2);
    world.settle();
    first.kill();
    const second = world.started(store, { server: false });
    expect(second.engine.get('m', 'k')).toBe(3);
    second.engine.put('m', 'k', 4);
    second.engine.increment('likes', 3);
    world.settle();
    second.kill();
    expect(shownWithServer(world, store)).toEqual([4, 5, 0]);
    expect(world.server.rows.get('m')?.get('k')?.value).toBe(4);
    expect([...world.server.effects.values()].every((times) => times === 1)).toBe(true);
  });

  it('[DEV-9] without a server a key has one op, over reloads and tabs, and a counter too', () => {
    const world = new FakeWorld();
    const store = new FakeStore();
    for (let start = 1; start <= 3; start++) {
      const leader = world.started(store, { server: false });
      const follower = world.started(store, { server: false });
      for (const realm of [follower, leader]) {
        for (let i = 1; i <= 4; i++) {
          realm.engine.put('m', 'k', `${start} ${i}`);
          realm.engine.increment('likes', i);
          world.settle();
        }
      }
      expect([follower.engine.get('m', 'k'), follower.engine.counterValue('likes')]).toEqual([
        `${start} 4`,
        start * 20,
      ]);
      leader.kill();
      follower.kill();
    }
    expect(store.table('op').map(([, op]) => (op as unknown[])[6])).toEqual(
      expect.arrayContaining(['3 4', 60]),
    );
    expect(store.table('op')).toHaveLength(2);
    expect(shownWithServer(world, store)).toEqual(['3 4', 60, 0]);
    expect(world.server.effects.size).toBe(2);
  });

  it('[DEV-9] increments that cancel each other out, or leave the safe range, stay apart', () => {
    const world = new FakeWorld();
    const realm = world.started(new FakeStore(), { server: false });
    const most = Number.MAX_SAFE_INTEGER;
    const pending = [5, -5, most, most].map((delta) => {
      realm.engine.increment('likes', delta);
      world.settle();
      return realm.engine.pendingOps();
    });
    expect(pending).toEqual([1, 2, 1, 2]);
  });

  it('[DEV-9] once a server has answered, ops are kept apart as with any, also while the app runs without it', () => {
    const world = new FakeWorld();
    const store = plainStore();
    const first = world.started(store);
    first.engine.put('m', 'other', 0);
    world.settle();
    first.kill();
    const alone = world.started(store, { server: false });
    for (const value of [1, 2]) alone.engine.increment('likes', value);
    world.settle();
    expect(alone.engine.pendingOps()).toBe(2);
  });

  it('[DEV-6] elements and increments are never replaced', () => {
    const world = new FakeWorld();
    world.isServerUp = false;
    const realm = world.started(plainStore());
    for (let i = 0; i < 3; i++) {
      realm.engine.orAdd('tags', 'k', 'same');
      realm.engine.increment('likes', 1);
    }
    world.settle();
    expect(realm.engine.pendingOps()).toBe(6);
    expect(ends(realm)).toEqual([]);
  });

  it('[DEV-6] a follower replaces what no transaction carries yet, and nothing that is logged: the leader may have sent it', () => {
    const world = new FakeWorld();
    const store = plainStore();
    world.isServerUp = false;
    world.started(store);
    const follower = world.started(store);
    follower.engine.put('m', 'k', 1);
    follower.engine.put('m', 'k', 2);
    world.settle();
    expect(values(store)).toEqual([2]);
    follower.engine.put('m', 'k', 3);
    world.settle();
    expect(values(store)).toEqual([2, 3]);
    expect(ends(follower)).toEqual([[1, 'superseded', 2]]);
  });

  it('[DEV-6] what a transaction under way carries is not replaced by a follower', () => {
    const world = new FakeWorld();
    const store = plainStore();
    world.isServerUp = false;
    world.started(store);
    const follower = world.started(store);
    follower.held.add('tx');
    follower.engine.put('m', 'k', 1);
    world.settle();
    follower.engine.put('m', 'k', 2);
    follower.release('tx');
    world.settle();
    expect(values(store)).toEqual([1, 2]);
    expect(ends(follower)).toEqual([]);
  });

  it('[DEV-6] ops of the store count as sent: neither a reload nor a new leader replaces them', () => {
    const world = new FakeWorld();
    const store = plainStore();
    world.isServerUp = false;
    const first = world.started(store);
    first.engine.put('m', 'k', 1);
    world.settle();
    const second = world.started(store);
    second.engine.put('m', 'k', 2);
    world.settle();
    first.kill();
    world.settle();
    expect(second.engine.isLeader()).toBe(true);
    second.engine.put('m', 'k', 3);
    world.settle();
    expect(new Set(values(store))).toEqual(new Set([1, 2, 3]));
    second.engine.put('m', 'k', 4);
    world.settle();
    expect(new Set(values(store))).toEqual(new Set([1, 2, 4]));
    world.healNetwork();
    expect(second.engine.pendingOps()).toBe(0);
    expect(world.server.rows.get('m')?.get('k')?.value).toBe(4);
  });

  it('[DEV-6] an own op is not replaced across a later one of another tab', () => {
    const world = new FakeWorld();
    const store = plainStore();
    world.isServerUp = false;
    const leader = world.started(store);
    const other = world.started(store);
    leader.engine.put('m', 'k', 1);
    world.settle();
    world.advance(10);
    other.engine.put('m', 'k', 2);
    world.settle();
    leader.engine.put('m', 'k', 3);
    world.settle();
    expect(new Set(values(store))).toEqual(new Set([1, 2, 3]));
    expect(leader.engine.get('m', 'k')).toBe(3);
  });

  it('[SRV-5] seqs of replaced ops count as answered: they do not hold the low end of the window', () => {
    const world = new FakeWorld();
    world.isServerUp = false;
    const realm = world.started(plainStore());
    for (let i = 0; i < 10_000; i++) {
      realm.engine.put('m', 'k', i);
      if (i % 1000 === 0) world.settle();
    }
    world.settle();
    world.healNetwork();
    expect(realm.engine.pendingOps()).toBe(0);
    const frame = realm.connection?.received.find((one) => one.type === 'OPS');
    expect(frame?.settledBelow).toBe(10_000);
  });
});
