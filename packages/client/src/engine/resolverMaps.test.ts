import * as LIMITS from '@topgun/protocol/limits';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FakeRealm } from './testing/FakeWorld.js';
import { FakeStore, FakeWorld } from './testing/FakeWorld.js';

const union = (standing: unknown, written: unknown): unknown => {
  if (written === undefined) return undefined;
  const all = new Set([...((standing ?? []) as unknown[]), ...(written as unknown[])]);
  return all.size === ((standing ?? []) as unknown[]).length ? standing : [...all];
};

/** A world whose server resolves the map `u` by union, keeps what stands in `first`, and rejects 'bad' everywhere. */
function resolving(seed = 1): FakeWorld {
  const world = new FakeWorld(seed);
  world.server.resolvers.set('u', union);
  world.server.resolvers.set('first', (standing, written) => standing ?? written);
  world.server.refuse = (_map, row) => (row[6] === 'bad' ? 'RESOLVER_REJECTED' : undefined);
  return world;
}

function opened(world: FakeWorld, store?: FakeStore): FakeRealm {
  const realm = world.started(store);
  for (const map of ['u', 'first', 'plain']) realm.engine.openMap(map, 'LWW');
  world.settle();
  return realm;
}

const journal = ({ engine }: FakeRealm) =>
  [...engine.conflicts().values()].map(({ map, key, op, payload, outcome, code, reason }) => {
    return [map, key, op, payload, outcome, code, reason].filter((one) => one !== undefined);
  });

describe('maps with a resolver on the device', () => {
  it('[DEV-1] the latest pending write shows whatever the stamps, then what the server made of it', () => {
    const world = resolving();
    const realm = opened(world);
    world.server.put('u', 'k', ['later'], (world.timeMs + 30_000) * 2048);
    world.server.put('plain', 'k', 'later', (world.timeMs + 600_000) * 2048);
    world.settle();
    world.cutNetwork();
    realm.engine.put('u', 'k', ['a']);
    realm.engine.put('u', 'k', ['b']);
    expect(realm.engine.get('u', 'k')).toEqual(['b']);
    world.healNetwork();
    expect(realm.engine.get('u', 'k')).toEqual(['later', 'a', 'b']);
    expect(realm.engine.pendingOps()).toBe(0);
  });

  it('[DEV-5] a row that comes before the answer shows only in the step that takes the write away', () => {
    const world = resolving();
    const realm = opened(world);
    world.server.dropAnswers = true;
    realm.engine.put('u', 'k', ['a']);
    world.settle();
    const seen: unknown[] = [];
    realm.onEvent = (event) => {
      if (event.type === 'changes') seen.push(realm.engine.get('u', 'k'));
    };
    // Somebody else writes on top: the row with both is in base, the own write is not answered yet.
    world.server.put('u', 'k', ['a', 'x'], world.timeMs * 2048 + 2_000_000, 'server');
    world.settle();
    expect(realm.engine.get('u', 'k')).toEqual(['a']);
    world.server.dropAnswers = false;
    world.cutNetwork();
    world.healNetwork();
    expect(seen).toEqual([['a', 'x']]);
    expect(realm.engine.liveRoot('u')).toBe(world.server.tree('u').rootHash());
  });

  it('[CLK-3] a write is stamped above the base row under the pending one', () => {
    const world = resolving();
    const realm = opened(world);
    world.cutNetwork();
    realm.engine.put('u', 'k', ['a']);
    world.settle();
    realm.engine.put('u', 'k', ['b']);
    world.settle();
    const stamps = realm.store.table('op').map(([, stored]) => (stored as unknown[])[3] as number);
    expect(stamps[1]).toBeGreaterThan(stamps[0] as number);
    const bases = realm.store.table('op').map(([, stored]) => (stored as unknown[])[5]);
    expect(bases).toEqual([null, [1, realm.engine.session, 1]]);
  });

  it('[ID-3] a write on top of the pending one of another tab names that op', () => {
    const world = resolving();
    const store = new FakeStore();
    const leader = opened(world, store);
    const other = opened(world, store);
    world.cutNetwork();
    leader.engine.put('u', 'k', ['a']);
    world.settle();
    other.engine.put('u', 'k', ['b']);
    world.settle();
    const stored = store.table('op').find(([key]) => key[1] === other.engine.session)?.[1] as unknown[];
    expect(stored[5]).toEqual([1, leader.engine.session, 1]);
  });

  it('[DEV-6] writes are replaced on maps known to be plain, never on others, also before the server has said', () => {
    const world = resolving();
    const realm = opened(world);
    world.cutNetwork();
    for (const map of ['u', 'plain', 'unknown'])
      for (const value of [['a'], ['b'], ['c']]) realm.engine.put(map, 'k', value);
    world.settle();
    const keys = realm.store.table('op').map(([, stored]) => (stored as unknown[])[1]);
    expect(keys.sort()).toEqual(['plain', 'u', 'u', 'u', 'unknown', 'unknown', 'unknown']);
    world.healNetwork();
    expect(realm.engine.get('u', 'k')).toEqual(['a', 'b', 'c']);
  });

  it('[DEV-9] a device without server replaces them everywhere', () => {
    const world = resolving();
    const realm = world.started(undefined, { server: false });
    for (const value of [1, 2, 3]) realm.engine.put('m', 'k', value);
    world.settle();
    expect(realm.engine.pendingOps()).toBe(1);
  });

  it('[DAT-2] what the server said is known after a reload, offline, and in the other tabs; a change is learned', () => {
    const world = resolving();
    const store = new FakeStore();
    const follower = [opened(world, store), opened(world, store)][1] as FakeRealm;
    world.cutNetwork();
    follower.engine.put('u', 'k', ['a']);
    follower.engine.put('u', 'k', ['b']);
    world.settle();
    expect(follower.engine.pendingOps()).toBe(2);
    for (const realm of world.realms) realm.kill();
    const next = opened(world, store);
    for (const value of [['c'], ['d']]) next.engine.put('u', 'k', value);
    for (const value of [1, 2]) next.engine.put('plain', 'k', value);
    expect(next.engine.pendingOps()).toBe(5);
    expect(next.engine.get('u', 'k')).toEqual(['d']);
    world.server.resolvers.set('plain', (standing) => standing);
    world.server.resolvers.delete('u');
    world.healNetwork();
    world.cutNetwork();
    for (const map of ['u', 'plain']) for (const value of [['e'], ['f']]) next.engine.put(map, 'k', value);
    expect(next.engine.pendingOps()).toBe(3);
  });

  it('[DAT-2] a query tells it too, on a map that is not held', () => {
    const world = resolving();
    const realm = world.started();
    realm.openQuery('q', 'u', { where: {} });
    world.settle();
    world.cutNetwork();
    for (const value of [['a'], ['b']]) realm.engine.put('u', 'k', value);
    expect(realm.engine.pendingOps()).toBe(2);
    expect(realm.engine.queryResult('q').rows).toEqual([expect.objectContaining({ key: 'k', value: ['b'] })]);
  });

  it('[DEV-7] the reason comes with the rejection, once, also after a reload, and with the end of the write', () => {
    const world = resolving();
    const store = new FakeStore();
    const realm = opened(world, store);
    const seq = realm.engine.put('u', 'k', 'bad');
    world.settle();
    const rejection = { map: 'u', key: 'k', code: 'RESOLVER_REJECTED', reason: 'because', payload: 'bad' };
    expect(realm.eventsOf('rejection')).toEqual([
      { type: 'rejection', rejection: expect.objectContaining(rejection) },
    ]);
    expect(realm.eventsOf('settled')).toContainEqual(
      expect.objectContaining({ seq, outcome: 'rejected', code: 'RESOLVER_REJECTED', reason: 'because' }),
    );
    expect(realm.engine.get('u', 'k')).toBeUndefined();
    realm.kill();
    const next = opened(world, store);
    world.advance(1000);
    const [shown] = next.eventsOf('rejection');
    expect(shown?.rejection).toMatchObject(rejection);
    next.engine.rejectionShown(shown?.rejection.id ?? '');
    world.settle();
    next.kill();
    const last = opened(world, store);
    world.advance(1000);
    expect(last.eventsOf('rejection')).toEqual([]);
  });

  it('[DEV-7] a follower that made the write gets the reason', () => {
    const world = resolving();
    const store = new FakeStore();
    const follower = [opened(world, store), opened(world, store)][1] as FakeRealm;
    const seq = follower.engine.put('u', 'k', 'bad');
    world.settle();
    expect(follower.eventsOf('settled')).toContainEqual(
      expect.objectContaining({ seq, outcome: 'rejected', reason: 'because' }),
    );
    expect(follower.eventsOf('rejection')).toHaveLength(1);
  });

  it('all devices end alike whatever the order of arrival, and nothing goes on moving', () => {
    const step = fc.record({
      who: fc.nat(2),
      what: fc.oneof(fc.constantFrom('cut', 'heal', 'drop', 'wait'), fc.integer({ min: 0, max: 9 })),
      map: fc.constantFrom('u', 'first'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), fc.nat(1000), (steps, seed) => {
        const world = resolving(seed + 1);
        const shared = new FakeStore();
        const realms = [opened(world, shared), opened(world, shared), opened(world)];
        for (const { who, what, map } of steps) {
          const realm = realms[who] as FakeRealm;
          if (what === 'cut') world.cutNetwork();
          else if (what === 'heal') world.healNetwork();
          else if (what === 'drop') world.server.dropAnswers = !world.server.dropAnswers;
          else if (what === 'wait') world.settle();
          else realm.engine.put(map, 'k', [what]);
        }
        world.server.dropAnswers = false;
        world.cutNetwork();
        world.healNetwork();
        for (const map of ['u', 'first']) {
          const row = world.server.rows.get(map)?.get('k');
          for (const { engine } of realms) {
            expect(engine.pendingOps()).toBe(0);
            expect(engine.get(map, 'k')).toEqual(row?.value);
            expect(engine.liveRoot(map)).toBe(world.server.tree(map).rootHash());
          }
          const written = steps.filter((one) => one.map === map && typeof one.what === 'number');
          if (map === 'u')
            expect(new Set((row?.value ?? []) as unknown[])).toEqual(
              new Set(written.map(({ what }) => what)),
            );
          world.advance(60_000);
          expect(world.server.rows.get(map)?.get('k')).toBe(row);
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('the journal of conflicts', () => {
  it('[DEV-8] holds what own writes lost: rejected, superseded by another device, or stored otherwise', () => {
    const world = resolving();
    const realm = opened(world);
    world.server.put('plain', 'k', 'theirs', (world.timeMs + 50_000) * 2048);
    world.server.put('first', 'k', 'theirs', 1);
    world.server.put('u', 'k', ['x'], 1);
    world.cutNetwork();
    world.healNetwork();
    world.server.dropDeltas = true;
    world.server.put('plain', 'k', 'theirs too', (world.timeMs + 600_000) * 2048);
    realm.engine.put('plain', 'k', 'mine');
    realm.engine.put('first', 'k', 'mine');
    realm.engine.remove('first', 'l');
    realm.engine.put('u', 'k', ['mine']);
    realm.engine.put('u', 'l', 'bad');
    realm.engine.put('plain', 'fine', 1);
    world.settle();
    expect(journal(realm)).toEqual([
      ['plain', 'k', 'PUT', 'mine', 'superseded'],
      ['first', 'k', 'PUT', 'mine', 'superseded'],
      ['u', 'k', 'PUT', ['mine'], 'changed'],
      ['u', 'l', 'PUT', 'bad', 'rejected', 'RESOLVER_REJECTED', 'because'],
    ]);
    expect(realm.eventsOf('conflicts').length).toBeGreaterThan(0);
  });

  it('[DEV-8] takes no notice of what an own newer write replaced, nor of a value that is there after all', () => {
    const world = resolving();
    const store = new FakeStore();
    const [leader, follower] = [opened(world, store), opened(world, store)] as [FakeRealm, FakeRealm];
    world.server.dropAnswers = true;
    follower.engine.put('plain', 'k', 'older');
    leader.engine.put('plain', 'k', 'newer');
    leader.engine.put('u', 'k', ['a']);
    world.settle();
    world.server.dropAnswers = false;
    world.cutNetwork();
    world.healNetwork();
    expect(leader.engine.get('plain', 'k')).toBe('newer');
    expect(journal(leader)).toEqual([]);
  });

  it('[DEV-8] an entry is in the transaction that ends its op, so a crash leaves both or neither', () => {
    const world = resolving();
    const store = new FakeStore();
    const realm = opened(world, store);
    const before: string[] = [];
    const apply = store.apply.bind(store);
    store.apply = (batch) => {
      const ends = batch.deletes.some(([table]) => table === 'op');
      const notes = batch.puts.some(([[table]]) => table === 'conflict');
      before.push(`${ends}/${notes}`);
      return apply(batch);
    };
    realm.engine.put('u', 'k', 'bad');
    world.settle();
    expect(before).toContain('true/true');
    expect(before).not.toContain('false/true');
  });

  it('[DEV-8] is shared by tabs, outlives them, and is cleared for all', () => {
    const world = resolving();
    const store = new FakeStore();
    const [leader, follower] = [opened(world, store), opened(world, store)] as [FakeRealm, FakeRealm];
    leader.engine.put('u', 'k', 'bad');
    follower.engine.put('first', 'k', 'bad');
    world.settle();
    expect(journal(follower)).toEqual(journal(leader));
    expect(journal(follower)).toHaveLength(2);
    follower.engine.clearConflicts(({ map }) => map === 'u');
    world.settle();
    expect(journal(leader).map(([map]) => map)).toEqual(['first']);
    leader.kill();
    follower.kill();
    const next = opened(world, store);
    expect(journal(next).map(([map]) => map)).toEqual(['first']);
    next.engine.put('u', 'l', 'bad');
    world.settle();
    expect(journal(next).map(([map]) => map)).toEqual(['first', 'u']);
  });

  it('[DEV-8] is bounded: the newest entries stay, and of a large value only that it was lost', () => {
    const world = resolving();
    const realm = opened(world);
    for (let i = 0; i < LIMITS.conflictEntries + 5; i++) realm.engine.put('u', `k${i}`, 'bad');
    world.settle();
    expect(journal(realm)).toHaveLength(LIMITS.conflictEntries);
    expect(journal(realm)[0]?.[1]).toBe('k5');
    expect(realm.store.table('conflict')).toHaveLength(LIMITS.conflictEntries);
    world.server.refuse = () => 'RESOLVER_REJECTED';
    realm.engine.put('u', 'large', 'x'.repeat(LIMITS.conflictValueBytes));
    world.settle();
    expect(journal(realm).at(-1)).toEqual(['u', 'large', 'PUT', 'rejected', 'RESOLVER_REJECTED', 'because']);
  });

  it('[DEV-8] a leader that loses its lock before it stored the end of an op leaves the entry to the next one', () => {
    const world = resolving();
    const store = new FakeStore();
    const [leader, follower] = [opened(world, store), opened(world, store)] as [FakeRealm, FakeRealm];
    leader.held.add('tx');
    follower.engine.put('u', 'k', 'bad');
    world.settle();
    leader.freeze();
    leader.kill();
    world.advance(5000);
    expect(journal(follower)).toHaveLength(1);
  });
});
