import { describe, expect, it } from 'vitest';
import { FakeStore, FakeWorld } from './testing/FakeWorld.js';

/** A leader that has read `old` and `open` from the server, and holds only the latter open. */
function deviceWithTwoMaps() {
  const world = new FakeWorld();
  const [store, other] = [new FakeStore(), world.started()];
  other.engine.openMap('old', 'LWW');
  other.engine.openMap('open', 'LWW');
  for (let i = 0; i < 20; i++) {
    other.engine.put('old', `k${i}`, i);
    other.engine.put('open', `k${i}`, i);
    world.advance(100);
  }
  const realm = world.started(store);
  realm.engine.openMap('old', 'LWW');
  realm.engine.openMap('open', 'LWW');
  world.advance(1_000);
  realm.engine.closeMap('old');
  world.advance(1_000);
  return { world, store, realm, other };
}

const errorsOf = (realm: ReturnType<FakeWorld['started']>): string[] =>
  realm.eventsOf('error').map(({ error }) => error.code);

describe('a store that is full', () => {
  it('[B6] takes own writes first, without what the server has anyway', () => {
    const { world, store, realm, other } = deviceWithTwoMaps();
    world.isServerUp = true;
    store.rowsMax = store.rows.size + 3;
    for (let i = 0; i < 10; i++) other.engine.put('open', `more${i}`, i);
    world.advance(50);
    realm.engine.put('open', 'mine', 1);
    world.advance(50);
    expect(realm.engine.get('open', 'more9')).toBe(9);
    expect(store.table('base').some(([key]) => key[2] === 'more9')).toBe(false);
    expect(errorsOf(realm)).toEqual(['STORAGE_FULL']);
    expect(world.server.rows.get('open')?.get('mine')?.value).toBe(1);
  });

  it('[B6] loses maps that nobody has open, and never unsynced writes', () => {
    const { world, store, realm } = deviceWithTwoMaps();
    world.cutNetwork();
    expect(store.table('base')).toHaveLength(40);
    store.rowsMax = store.rows.size;
    realm.engine.put('open', 'offline', 'kept');
    world.advance(60_000);
    expect(store.table('op')).toHaveLength(1);
    expect(store.table('base').filter(([key]) => key[1] === 'old')).toHaveLength(0);
    expect(store.table('cursor').map(([key]) => key[1])).not.toContain('old');
    expect(store.table('base').filter(([key]) => key[1] === 'open')).toHaveLength(20);
    expect(errorsOf(realm)).toEqual(['STORAGE_FULL']);
    // Whoever opens the map again gets it again, from the server: nobody takes it for empty.
    store.rowsMax = Number.POSITIVE_INFINITY;
    realm.engine.openMap('old', 'LWW');
    world.advance(10);
    expect(realm.engine.isSynced('old')).toBe(false);
    world.healNetwork();
    expect(realm.engine.entries('old')).toHaveLength(20);
    expect(realm.engine.isSynced('old')).toBe(true);
  });

  it('[B6] with nothing to lose goes on syncing in memory, says so once, and stores all when there is room', () => {
    const { world, store, realm, other } = deviceWithTwoMaps();
    world.advance(10);
    realm.engine.openMap('old', 'LWW');
    world.advance(1_000);
    store.rowsMax = 0;
    let durable: string | undefined = 'waits';
    realm.engine.put('open', 'mine', 'in memory');
    realm.engine.whenDurable((error) => {
      durable = error?.code;
    });
    world.advance(30_000);
    expect(durable).toBe('STORAGE_FULL');
    expect(errorsOf(realm)).toEqual(['STORAGE_FULL', 'STORAGE_MEMORY_ONLY']);
    expect(world.server.rows.get('open')?.get('mine')?.value).toBe('in memory');
    other.engine.put('open', 'theirs', 'seen');
    world.advance(1_000);
    expect(realm.engine.get('open', 'theirs')).toBe('seen');
    realm.engine.put('open', 'second', 2);
    world.advance(1_000);
    expect(world.server.rows.get('open')?.get('second')?.value).toBe(2);
    expect(realm.engine.pendingOps()).toBe(0);
    store.rowsMax = Number.POSITIVE_INFINITY;
    world.advance(60_000);
    const stored = store.table('base').map(([key]) => key[2]);
    expect(stored).toEqual(expect.arrayContaining(['mine', 'second', 'theirs']));
    expect(store.table('op')).toHaveLength(0);
    realm.engine.put('open', 'third', 3);
    let isDurable = false;
    realm.engine.whenDurable((error) => {
      isDurable = error === undefined;
    });
    world.advance(10);
    expect(isDurable).toBe(true);
  });
});

describe('a store that was replaced by an empty one', () => {
  it('[B6] is found by its commit number, the app is told, and everything is written again', () => {
    const { world, store, realm } = deviceWithTwoMaps();
    world.cutNetwork();
    realm.engine.put('open', 'offline', 1);
    world.advance(10);
    store.rows.clear();
    store.commits = 0;
    realm.engine.put('open', 'after', 2);
    world.advance(1_000);
    expect(errorsOf(realm)).toContain('STORAGE_LOST');
    expect(store.table('op')).toHaveLength(2);
    expect(store.table('base').filter(([key]) => key[1] === 'open')).toHaveLength(20);
    expect(store.table('meta').some(([key]) => key[1] === 'client')).toBe(true);
  });

  it('[B6] is not taken for the truth by a realm that reads it', () => {
    const { world, store, realm } = deviceWithTwoMaps();
    world.cutNetwork();
    store.rows.clear();
    store.commits = 0;
    // A commit that nobody told of: the realm reads the store.
    realm.engine.channel({ type: 'leader', from: 'x', commit: 1_000 });
    world.advance(1_000);
    expect(errorsOf(realm)).toContain('STORAGE_LOST');
    expect(realm.engine.entries('open')).toHaveLength(20);
    expect(store.table('base').filter(([key]) => key[1] === 'open')).toHaveLength(20);
  });
});
