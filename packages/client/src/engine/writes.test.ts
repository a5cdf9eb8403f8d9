import { describe, expect, it } from 'vitest';
import { DRAFT_T } from './RealmClock.js';
import { FakeStore, FakeWorld } from './testing/FakeWorld.js';

describe('writes', () => {
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
    const realm = world.started(new FakeStore(), { server: false });
    const before = realm.store.commits;
    for (let i = 0; i < 100; i++) realm.engine.put('todos', `k${i}`, i);
    world.settle();
    expect(realm.store.commits).toBe(before + 1);
    expect(realm.store.table('op')).toHaveLength(100);
  });

  it('[DEV-1] reads the value at every step from write over log and answer to echo', () => {
    const world = new FakeWorld();
    const realm = world.started();
    realm.engine.openMap('m', 'LWW');
    world.settle();
    const seen = new Set<unknown>();
    realm.onEvent = () => seen.add(realm.engine.get('m', 'k'));
    for (const gate of ['tx', 'server'] as const) realm.held.add(gate);
    realm.engine.put('m', 'k', 'v');
    for (const gate of ['tx', 'server', 'tx', 'server'] as const) {
      world.settle();
      expect(realm.engine.get('m', 'k')).toBe('v');
      realm.release(gate);
    }
    world.settle();
    expect(realm.engine.pendingOps()).toBe(0);
    expect([...seen]).toEqual(['v']);
    expect(realm.engine.entries('m')).toEqual([['k', 'v']]);
  });

  it('[DEV-2] folds the answer and removes the op in one transaction, at every crash point', () => {
    // Snapshots of the store after each commit: the value is in base or in the log in each of them.
    const world = new FakeWorld();
    const realm = world.started();
    realm.engine.openMap('m', 'LWW');
    world.settle();
    const found: boolean[] = [];
    const apply = realm.store.apply.bind(realm.store);
    realm.store.apply = (batch) => {
      const commit = apply(batch);
      found.push(realm.store.table('op').length + realm.store.table('base').length > 0);
      return commit;
    };
    realm.engine.put('m', 'k', 'v');
    world.settle();
    expect(found.length).toBeGreaterThan(1);
    expect(found.every(Boolean)).toBe(true);
    expect(realm.store.table('op')).toHaveLength(0);
    expect(realm.store.table('base')).toHaveLength(1);
  });

  it('[CLK-3] stamps a write above the version it saw, also when that lies ahead of the clock', () => {
    const world = new FakeWorld();
    const realm = world.started();
    realm.engine.openMap('m', 'LWW');
    const ahead = (world.timeMs + 3_600_000) * 2048;
    world.server.put('m', 'k', 'future', ahead);
    world.settle();
    realm.engine.put('m', 'k', 'mine');
    expect(realm.engine.get('m', 'k')).toBe('mine');
    world.settle();
    expect(world.server.rows.get('m')?.get('k')).toMatchObject({ value: 'mine', t: ahead + 1 });
    realm.engine.put('m', 'other', 1);
    world.settle();
    expect(world.server.rows.get('m')?.get('other')?.t).toBeLessThan(ahead);
  });

  it('[CLK-2] stamps rise over a restart with the clock set back', () => {
    const world = new FakeWorld();
    const store = new FakeStore();
    world.isServerUp = false;
    const first = world.started(store);
    first.engine.put('m', 'a', 1);
    world.settle();
    first.kill();
    const second = world.realm(store);
    second.wallOffsetMs = -3_600_000;
    second.engine.put('m', 'b', 2);
    second.engine.boot();
    world.settle();
    const stamps = store.table('op').map(([, op]) => (op as number[])[3] ?? 0);
    const [a = 0, b = 0] = [
      stamps.find((_, i) => store.table('op')[i]?.[0][1] === first.engine.session),
      stamps.find((_, i) => store.table('op')[i]?.[0][1] === second.engine.session),
    ];
    expect(b).toBeGreaterThan(a);
    expect(b).toBeLessThan(DRAFT_T);
  });

  it('[CLK-2] reads the server time by half the round trip and stamps by it', () => {
    const world = new FakeWorld();
    const realm = world.realm();
    realm.wallOffsetMs = 600_000;
    realm.engine.boot();
    realm.engine.start();
    world.settle();
    realm.engine.put('m', 'k', 1);
    world.settle();
    const t = world.server.rows.get('m')?.get('k')?.t ?? 0;
    expect(Math.abs(t / 2048 - world.timeMs)).toBeLessThan(1000);
  });

  it('[B4] a failed transaction is tried again with what came after it, in one piece', () => {
    const world = new FakeWorld();
    const realm = world.started();
    const errors: unknown[] = [];
    realm.storeError = new Error('disk full');
    realm.engine.put('m', 'a', 1);
    realm.engine.whenDurable((error) => errors.push(error?.code));
    world.settle();
    realm.engine.put('m', 'b', 2);
    world.settle();
    expect(errors).toEqual(['STORAGE_UNAVAILABLE']);
    expect(realm.engine.get('m', 'a')).toBe(1);
    realm.storeError = undefined;
    let isDurable = false;
    realm.engine.whenDurable(() => {
      isDurable = true;
    });
    world.advance(1000);
    expect(isDurable).toBe(true);
    expect(realm.engine.pendingOps()).toBe(0);
  });

  it.each(['LWW', 'OR'] as const)(
    '[DAT-1] a time to live ends by itself, and the app hears of it (%s)',
    (kind) => {
      const world = new FakeWorld();
      const realm = world.started();
      realm.engine.openMap('m', kind);
      const heard: boolean[] = [];
      const write = (value: number, ttlMs: number): void => {
        if (kind === 'LWW') realm.engine.put('m', 'k', value, ttlMs);
        else realm.engine.orAdd('m', 'k', value, ttlMs);
        world.settle();
      };
      write(1, 1000);
      world.advance(500);
      write(2, 5000);
      write(3, 3000);
      realm.onEvent = ({ type }) => type === 'changes' && heard.push(realm.engine.has('m', 'k'));
      world.advance(1000);
      expect(realm.engine.has('m', 'k')).toBe(true);
      world.advance(2500);
      expect(realm.engine.has('m', 'k')).toBe(kind === 'OR');
      world.advance(2500);
      expect(realm.engine.has('m', 'k')).toBe(false);
      expect(heard.at(-1)).toBe(false);
      expect(realm.engine.entries('m')).toEqual([]);
    },
  );

  it('[B6] writes everything again into a store that was evicted, and loses no op', () => {
    const world = new FakeWorld();
    const store = new FakeStore();
    const realm = world.started(store);
    realm.engine.openMap('m', 'LWW');
    realm.engine.put('m', 'synced', 1);
    world.settle();
    world.cutNetwork();
    realm.engine.put('m', 'pending', 2);
    world.settle();
    store.rows.clear();
    store.commits = 0;
    realm.engine.storeLost('evicted');
    world.settle();
    expect(realm.eventsOf('error').map(({ error }) => error.code)).toContain('STORAGE_LOST');
    expect(realm.engine.entries('m')).toEqual([
      ['synced', 1],
      ['pending', 2],
    ]);
    expect(store.table('op')).toHaveLength(1);
    expect(store.table('low')).toEqual([[['low', realm.engine.session], 3]]);
    expect(store.table('meta').map(([[, name]]) => name)).toEqual(['client', 'clock', 'incarnation']);
    world.healNetwork();
    expect(realm.engine.pendingOps()).toBe(0);
    expect([...world.server.effects.values()]).toEqual([1, 1]);
  });

  it('[DAT-1] an OR map joins adds, removes observed tags, and converges with the server', () => {
    const world = new FakeWorld();
    const realm = world.started();
    realm.engine.openMap('tags', 'OR');
    realm.engine.orAdd('tags', 'k', 'red');
    realm.engine.orAdd('tags', 'k', 'blue');
    world.server.put('tags', 'k', 'green', 5, 'other', 'x:y:1');
    world.settle();
    expect(realm.engine.orGet('tags', 'k').map(({ value }) => value)).toEqual(['green', 'red', 'blue']);
    realm.engine.orRemove('tags', 'k', 'red');
    realm.engine.orRemove('tags', 'k', 'absent');
    expect(realm.engine.orGet('tags', 'k').map(({ value }) => value)).toEqual(['green', 'blue']);
    world.settle();
    expect(realm.engine.pendingOps()).toBe(0);
    expect(realm.engine.liveRoot('tags')).toBe(world.server.tree('tags').rootHash());
    expect(realm.engine.entries('tags')).toBe(realm.engine.entries('tags'));
  });

  it('[DAT-1] a remove made before the store is loaded takes the elements that were stored', () => {
    const world = new FakeWorld();
    const store = new FakeStore();
    const first = world.started(store);
    first.engine.openMap('tags', 'OR');
    first.engine.orAdd('tags', 'k', 'red');
    world.settle();
    first.kill();
    const second = world.realm(store);
    second.engine.openMap('tags', 'OR');
    second.engine.orRemove('tags', 'k', 'red');
    second.engine.orAdd('tags', 'k', 'late');
    second.engine.boot();
    second.engine.start();
    world.settle();
    expect(second.engine.orGet('tags', 'k').map(({ value }) => value)).toEqual(['late']);
    expect(second.engine.liveRoot('tags')).toBe(world.server.tree('tags').rootHash());
  });

  it('[CLK-6] hides a record when its time is over and says so', () => {
    const world = new FakeWorld();
    const realm = world.started();
    realm.engine.openMap('m', 'LWW');
    realm.engine.put('m', 'k', 'v', 5000);
    world.settle();
    const before = realm.eventsOf('changes').length;
    world.advance(4900);
    expect(realm.engine.entries('m')).toHaveLength(1);
    world.advance(200);
    expect(realm.engine.get('m', 'k')).toBeUndefined();
    expect(realm.engine.entries('m')).toEqual([]);
    expect(realm.eventsOf('changes').length).toBe(before + 1);
    expect(realm.engine.liveRoot('m')).toBe(world.server.tree('m').rootHash());
  });

  it('[DAT-2] refuses to open a map as another kind, and to write another kind to it', () => {
    const world = new FakeWorld();
    const realm = world.started();
    realm.engine.openMap('m', 'LWW');
    const wrongKind = expect.objectContaining({ code: 'WRONG_KIND' });
    expect(() => realm.engine.openMap('m', 'OR')).toThrowError(wrongKind);
    expect(() => realm.engine.orAdd('m', 'k', 1)).toThrowError(wrongKind);
    expect(realm.engine.pendingOps()).toBe(0);
  });

  it('[DAT-2] writes made before the store was loaded under a wrong kind are refused, not lost silently', () => {
    const world = new FakeWorld();
    const store = new FakeStore();
    const first = world.started(store);
    first.engine.openMap('m', 'LWW');
    first.engine.put('m', 'k', 'v');
    world.settle();
    first.kill();
    const second = world.realm(store);
    second.engine.orAdd('m', 'k', 'wrong');
    second.engine.boot();
    second.engine.start();
    world.settle();
    expect(second.eventsOf('error').map(({ error }) => error.code)).toContain('WRONG_KIND');
    expect(second.eventsOf('rejection').map(({ rejection }) => rejection.payload)).toEqual(['wrong']);
    expect(second.engine.get('m', 'k')).toBe('v');
  });

  it('[DAT-4] refuses what cannot travel, with nothing changed', () => {
    const realm = new FakeWorld().started();
    for (const [value, code] of [
      [undefined, 'VALUE_NOT_ADMITTED'],
      [null, 'VALUE_NOT_ADMITTED'],
      [() => 1, 'VALUE_NOT_ADMITTED'],
      ['x'.repeat(200_000), 'LIMIT'],
    ] as const) {
      expect(() => realm.engine.put('m', 'k', value)).toThrowError(expect.objectContaining({ code }));
    }
    expect(() => realm.engine.put('m', '', 1)).toThrowError(expect.objectContaining({ code: 'KEY_INVALID' }));
    expect(() => realm.engine.put('m', 'k', 1, 0)).toThrowError(
      expect.objectContaining({ code: 'TTL_INVALID' }),
    );
    expect(() => realm.engine.put('a b', 'k', 1)).toThrowError(
      expect.objectContaining({ code: 'MAP_NAME_INVALID' }),
    );
    expect(realm.engine.pendingOps()).toBe(0);
  });
});
