import type { OpRow } from '@topgun/protocol';
import * as LIMITS from '@topgun/protocol/limits';
import { describe, expect, it } from 'vitest';
import { type FakeRealm, FakeStore, FakeWorld } from './testing/FakeWorld.js';

const OPS = 100_000;
/** Far below what work that grows with the square of the backlog would take, which is hours. */
const DEADLINE_MS = 120_000;

const writes = {
  'keys of an LWW map': (realm: FakeRealm, i: number) => realm.engine.put('m', `k${i % 5000}`, i),
  'one key of an OR map': (realm: FakeRealm, i: number) => realm.engine.orAdd('m', 'k', i),
  'one counter': (realm: FakeRealm) => realm.engine.increment('m', 1),
};

/** A store with as many pending ops as that, in the log of a realm that is gone. */
function offlineWrites(world: FakeWorld, write: (realm: FakeRealm, i: number) => number): FakeStore {
  const store = new FakeStore();
  world.isServerUp = false;
  // Another tab leads, so nothing may be replaced.
  const leader = world.started(store);
  const writer = world.started(store);
  for (let i = 0; i < OPS; i++) {
    write(writer, i);
    if (i % 1000 === 999) world.settle();
  }
  world.settle();
  expect(writer.engine.pendingOps()).toBe(OPS);
  writer.kill();
  leader.kill();
  return store;
}

const rowsSent = (realm: FakeRealm): readonly OpRow[] =>
  realm.connection?.received.flatMap((one) => (one.type === 'OPS' ? one.rows : [])) ?? [];

describe('a backlog of 100,000 ops', () => {
  it.each(Object.entries(writes))(
    '[B9] is read in slices and drains in order, each op once: %s',
    (_, write) => {
      const world = new FakeWorld();
      const store = offlineWrites(world, write);
      const next = world.realm(store);
      next.engine.boot();
      next.engine.start();
      world.isServerUp = true;
      let before = 0;
      let slices = 0;
      while (next.eventsOf('ready').length === 0) {
        world.advance(1);
        const loaded = next.engine.pendingOps() - before;
        before += loaded;
        slices++;
        expect(loaded).toBeLessThanOrEqual(2 * LIMITS.entriesPerSlice);
      }
      expect(slices).toBeGreaterThan(OPS / LIMITS.entriesPerSlice / 2);
      world.advance(1000);
      expect(next.engine.pendingOps()).toBe(0);
      expect(store.table('op')).toEqual([]);
      expect(world.server.effects.size).toBe(OPS);
      const seqs = rowsSent(next).map(([seq]) => seq);
      expect(seqs.length).toBe(OPS);
      expect(seqs.every((seq, i) => i === 0 || seq > (seqs[i - 1] ?? 0))).toBe(true);
    },
    DEADLINE_MS,
  );

  it('[B9] what is being read tells the app nothing until all of it is there, and takes writes', () => {
    const world = new FakeWorld();
    const store = new FakeStore();
    world.isServerUp = false;
    const first = world.started(store);
    for (let i = 0; i < 3 * LIMITS.entriesPerSlice; i++) first.engine.put('m', `k${i}`, i);
    world.settle();
    first.kill();
    const next = world.realm(store);
    next.engine.boot();
    world.settle();
    expect(next.engine.pendingOps()).toBeGreaterThan(0);
    expect(next.eventsOf('ready')).toEqual([]);
    next.engine.put('m', 'k0', 'newest');
    expect(next.engine.get('m', 'k0')).toBe('newest');
    world.settle();
    expect(next.eventsOf('changes')).toEqual([]);
    world.advance(100);
    expect(next.eventsOf('ready')).toHaveLength(1);
    expect(next.engine.get('m', 'k0')).toBe('newest');
    expect(next.eventsOf('changes')).toHaveLength(1);
    expect(next.engine.entries('m')).toHaveLength(3 * LIMITS.entriesPerSlice);
  });

  it('[B9] a realm that nobody looks at reads without pauses, which a browser would stretch to a second each', () => {
    const world = new FakeWorld();
    const store = new FakeStore();
    const first = world.started(store, { server: false });
    for (let i = 0; i < 3 * LIMITS.entriesPerSlice; i++) first.engine.put('m', `k${i}`, i);
    world.settle();
    const next = world.realm(store);
    next.engine.visible(false);
    next.engine.boot();
    world.settle();
    expect(next.eventsOf('ready')).toHaveLength(1);
  });

  it('[DEV-5] a counter with more increments in the log than the window drains, and shows its total all along', () => {
    const world = new FakeWorld();
    const store = new FakeStore();
    const count = LIMITS.seqWindow + LIMITS.inFlightOps + 7;
    world.isServerUp = false;
    const first = world.started(store);
    for (let i = 0; i < count; i++) first.engine.increment('likes', 1);
    world.settle();
    first.kill();
    world.isServerUp = true;
    const next = world.realm(store);
    next.engine.openMap('likes', 'PN');
    const shown = new Set<number>();
    next.onEvent = ({ type }) => type === 'changes' && shown.add(next.engine.counterValue('likes'));
    next.engine.boot();
    next.engine.start();
    world.advance(1000);
    expect(next.engine.pendingOps()).toBe(0);
    expect([...shown]).toEqual([count]);
    expect(next.engine.liveRoot('likes')).toBe(world.server.tree('likes').rootHash());
  });
});

describe('windows', () => {
  /** What goes out while the server says nothing. */
  function flood(value: unknown, count: number) {
    const world = new FakeWorld();
    const realm = world.started();
    realm.held.add('server');
    for (let i = 0; i < count; i++) realm.engine.put('m', `k${i}`, value);
    world.settle();
    const frames = realm.connection?.received.filter((one) => one.type === 'OPS') ?? [];
    return { world, realm, frames };
  }

  it('[SRV-3] a frame and the window are bounded by count', () => {
    const { world, realm, frames } = flood(1, LIMITS.inFlightOps + 100);
    expect(frames.map(({ rows }) => rows.length)).toEqual([250, 250]);
    realm.release('server');
    world.settle();
    expect(realm.engine.pendingOps()).toBe(0);
  });

  it('[SRV-3] a frame and the window are bounded by bytes', () => {
    const { world, realm, frames } = flood('x'.repeat(50_000), 100);
    expect(frames.map(({ rows }) => rows.length)).toEqual([3, 3, 3, 3, 3, 3, 2]);
    realm.release('server');
    world.settle();
    expect(realm.engine.pendingOps()).toBe(0);
    expect(world.server.effects.size).toBe(100);
  });
});
