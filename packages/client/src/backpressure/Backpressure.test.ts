import { describe, expect, it } from 'vitest';
import { backpressure } from '../backpressure.js';
import { type FakeRealm, FakeStore, FakeWorld } from '../engine/testing/FakeWorld.js';
import { clientError } from '../errors.js';
import { silentLogger } from '../utils/logger.js';
import type { Backpressure, BackpressureEvents, BackpressureOptions } from './Backpressure.js';

interface Subject {
  readonly world: FakeWorld;
  readonly realm: FakeRealm;
  readonly gate: Backpressure;
  /** Names of the events so far, with what they say. */
  readonly heard: unknown[];
  set(key: string, value?: unknown): void;
  /** Sets a key; the promise of `admitted`, as a handle has it. */
  setPaused(key: string): Promise<void> | undefined;
}

const NAMES: readonly (keyof BackpressureEvents)[] = ['high', 'low', 'paused', 'resumed', 'dropped'];

/** A realm that waits for its server, with a gate as `TopGunClient` puts it in. */
function offline(options: BackpressureOptions, store = new FakeStore()): Subject {
  const world = new FakeWorld();
  world.isServerUp = false;
  const gate = backpressure(options);
  const realm = world.started(store, { admit: () => gate.admit() });
  const onPending = (callback: (count: number) => void) => {
    realm.onEvent = (event) => event.type === 'pending' && callback(event.count);
    return () => undefined;
  };
  gate.attach({ engine: realm.engine, logger: silentLogger, onPending });
  const heard: unknown[] = [];
  for (const name of NAMES)
    gate.on(name, (event) => heard.push('pending' in event ? [name, event.pending] : [name, event.key]));
  const setPaused = (key: string, value: unknown = 1): Promise<void> | undefined => {
    realm.engine.put('m', key, value);
    return gate.admitted();
  };
  const set = (key: string, value?: unknown): void => void setPaused(key, value);
  return { world, realm, gate, heard, set, setPaused };
}

const microtasks = async (times = 20): Promise<void> => {
  for (let i = 0; i < times; i++) await Promise.resolve();
};

describe('back-pressure', () => {
  it('[TX-2] pause: writes are made and logged, and wait for the low mark', async () => {
    const { world, realm, heard, setPaused } = offline({ strategy: 'pause', high: 3, low: 1 });
    expect([setPaused('a'), setPaused('b')]).toEqual([undefined, undefined]);
    const waits = [setPaused('c'), setPaused('d')];
    world.settle();
    expect(realm.store.table('op')).toHaveLength(4);
    let done = 0;
    for (const wait of waits) void wait?.then(() => done++);
    await microtasks();
    expect(done).toBe(0);
    expect(heard).toEqual([
      ['high', 3],
      ['paused', 3],
    ]);
    // One of four is refused again and again: what is left is the low mark.
    world.server.refuse = (_, row) => (row[3] === 'd' ? 'CLOCK_SKEW' : undefined);
    world.isServerUp = true;
    world.advance(40_000);
    await microtasks();
    expect(realm.engine.pendingOps()).toBe(1);
    expect(done).toBe(2);
    expect(heard.slice(2)).toEqual([
      ['low', 1],
      ['resumed', 1],
    ]);
    expect(setPaused('e')).toBeUndefined();
  });

  it('[TX-2] pause: a closed client rejects those that wait', async () => {
    const { gate, setPaused } = offline({ strategy: 'pause', high: 1 });
    const wait = setPaused('a');
    gate.close(clientError('CLIENT_CLOSED', 'closed'));
    await expect(wait).rejects.toMatchObject({ code: 'CLIENT_CLOSED' });
  });

  it('[TX-2] throw: a write at the mark throws, and nothing has changed', async () => {
    const { world, realm, heard, set } = offline({ strategy: 'throw', high: 2 });
    // Only of a map that the server has called plain is a write replaced (DEV-6).
    world.isServerUp = true;
    realm.engine.openMap('m', 'LWW');
    world.advance(40_000);
    world.cutNetwork();
    set('a');
    set('b');
    world.settle();
    const before = [realm.engine.entries('m'), [...realm.store.rows]];
    expect(() => set('c')).toThrowError(
      expect.objectContaining({ code: 'BACKPRESSURE', retriable: true, pending: 2, high: 2 }),
    );
    expect(() => realm.engine.orAdd('tags', 'k', 1)).toThrowError();
    expect(() => realm.engine.increment('likes', 1)).toThrowError();
    world.settle();
    expect([realm.engine.entries('m'), [...realm.store.rows]]).toEqual(before);
    expect(realm.engine.entries('tags')).toEqual([]);
    // What takes the place of an unsent write adds nothing.
    set('a', 2);
    expect(realm.engine.get('m', 'a')).toBe(2);
    world.healNetwork();
    set('c');
    world.settle();
    await microtasks();
    expect(world.server.rows.get('m')?.size).toBe(3);
    expect(heard.map((event) => (event as unknown[])[0])).toEqual(['high', 'low']);
    // The refused writes used no seq: the log has no hole.
    expect(
      realm.connection?.received.flatMap((one) => (one.type === 'OPS' ? one.rows : [])).map(([seq]) => seq),
    ).toEqual([2, 3, 4]);
  });

  it('[TX-2] throw: a removal of many elements is refused or made as a whole', () => {
    const { world, realm } = offline({ strategy: 'throw', high: 2502 });
    for (let i = 0; i < 2500; i++) realm.engine.orAdd('tags', 'k', 'same');
    realm.engine.orAdd('tags', 'other', 1);
    world.settle();
    realm.engine.orRemove('tags', 'k', 'same');
    expect(realm.engine.orGet('tags', 'k')).toEqual([]);
    expect(realm.engine.pendingOps()).toBe(2504);
    expect(() => realm.engine.orRemove('tags', 'other', 1)).toThrowError();
    expect(realm.engine.orGet('tags', 'other')).toHaveLength(1);
  });

  it('[TX-2] drop-oldest: the oldest unsent write goes from view and log, and its seq counts as answered', async () => {
    const { world, realm, heard, set } = offline({ strategy: 'drop-oldest', high: 3 });
    for (const key of ['a', 'b', 'c', 'd', 'e']) {
      set(key);
      world.settle();
    }
    expect(realm.engine.entries('m').map(([key]) => key)).toEqual(['c', 'd', 'e']);
    expect(realm.store.table('op')).toHaveLength(3);
    await microtasks();
    expect(heard).toEqual([
      ['high', 3],
      ['dropped', 'a'],
      ['dropped', 'b'],
    ]);
    expect(realm.eventsOf('settled').map(({ seq, outcome, code }) => [seq, outcome, code])).toEqual([
      [1, 'rejected', 'BACKPRESSURE'],
      [2, 'rejected', 'BACKPRESSURE'],
    ]);
    expect(realm.eventsOf('rejection')).toEqual([]);
    world.healNetwork();
    const frames = realm.connection?.received.filter((one) => one.type === 'OPS') ?? [];
    expect(frames[0]?.settledBelow).toBe(3);
    expect([...(world.server.rows.get('m')?.keys() ?? [])]).toEqual(['c', 'd', 'e']);
  });

  it('[TX-2] drop-oldest: what may have been sent is never dropped; without anything unsent it throws', () => {
    const { world, realm, set } = offline({ strategy: 'drop-oldest', high: 3 });
    world.isServerUp = true;
    world.server.dropAnswers = true;
    world.advance(5000);
    for (const key of ['a', 'b']) set(key);
    world.settle();
    realm.held.add('tx');
    set('c');
    world.settle();
    // c is the oldest that was not sent.
    set('d');
    expect(realm.engine.has('m', 'c')).toBe(false);
    realm.release('tx');
    world.settle();
    expect(() => set('e')).toThrowError(expect.objectContaining({ code: 'BACKPRESSURE' }));
    expect(realm.engine.entries('m').map(([key]) => key)).toEqual(['a', 'b', 'd']);
    world.server.dropAnswers = false;
    world.healNetwork();
    world.advance(60_000);
    expect(realm.engine.pendingOps()).toBe(0);
    expect([...(world.server.rows.get('m')?.keys() ?? [])]).toEqual(['a', 'b', 'd']);
  });

  it('[TX-2] drop-oldest: what was written on top of a dropped op stands on what that stood on', () => {
    const { world, realm } = offline({ strategy: 'drop-oldest', high: 3 });
    realm.engine.openMap('tags', 'OR');
    for (let i = 1; i <= 4; i++) {
      realm.engine.orAdd('tags', 'k', i);
      world.settle();
    }
    const bases = realm.store.table('op').map(([, op]) => (op as unknown[])[5]);
    const { session } = realm.engine;
    expect(bases).toEqual([null, [1, session, 2], [1, session, 3]]);
    world.healNetwork();
    expect(realm.engine.pendingOps()).toBe(0);
    expect(realm.engine.orGet('tags', 'k').map(({ value }) => value)).toEqual([2, 3, 4]);
  });

  it('[TX-2] counts the writes of all tabs and of the time before a reload, and drops none of them', () => {
    const store = new FakeStore();
    const first = offline({ strategy: 'throw', high: 10 }, store);
    for (const key of ['a', 'b', 'c']) first.set(key);
    first.world.settle();
    const next = offline({ strategy: 'drop-oldest', high: 3 }, store);
    expect(next.realm.engine.pendingOps()).toBe(3);
    expect(() => next.set('d')).toThrowError(expect.objectContaining({ code: 'BACKPRESSURE' }));
    expect(next.realm.engine.pendingOps()).toBe(3);
  });

  it.each([
    [{ strategy: 'wait' as 'pause' }, 'backpressure.strategy'],
    [{ strategy: 'throw' as const, high: 0 }, 'backpressure.high'],
    [{ strategy: 'throw' as const, high: 2.5 }, 'backpressure.high'],
    [{ strategy: 'throw' as const, high: 5, low: 5 }, 'backpressure.low'],
  ])('refuses %j with OPTION_INVALID', (options, name) => {
    expect(() => backpressure(options)).toThrowError(
      expect.objectContaining({ code: 'OPTION_INVALID', message: expect.stringContaining(name) }),
    );
  });

  it('serves one client', () => {
    const { gate, realm } = offline({ strategy: 'throw' });
    const surroundings = { engine: realm.engine, logger: silentLogger, onPending: () => () => undefined };
    expect(() => gate.attach(surroundings)).toThrowError(expect.objectContaining({ code: 'OPTION_INVALID' }));
  });
});
