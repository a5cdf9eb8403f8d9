import { describe, expect, it } from 'vitest';
import { FakeStore, FakeWorld } from './testing/FakeWorld.js';

/** Stamps of another device that lie above everything the realm has written. */
const later = (world: FakeWorld): number => (world.timeMs + 1000) * 2048;

// The interleavings of decision 0004.
describe('own writes that have lost', () => {
  it('[DEV-1] a write whose answer is lost stays hidden behind the own removal that was answered', () => {
    const world = new FakeWorld();
    const realm = world.started();
    realm.engine.openMap('m', 'LWW');
    world.settle();
    world.server.dropAnswers = true;
    realm.engine.put('m', 'k', 'old');
    world.settle();
    world.server.dropAnswers = false;
    world.timeMs += 10;
    realm.engine.remove('m', 'k');
    world.settle();
    expect(realm.engine.get('m', 'k')).toBeUndefined();
    expect(realm.engine.pendingOps()).toBe(2);
    realm.drop(1006);
    world.advance(60_000);
    expect(realm.engine.get('m', 'k')).toBeUndefined();
    expect(realm.engine.pendingOps()).toBe(0);
  });

  it('[DEV-1] the app hears when a removal of another device hides an own write where no row was', () => {
    const world = new FakeWorld();
    const realm = world.started();
    realm.engine.openMap('m', 'LWW');
    world.settle();
    world.server.refuse = () => 'UNAVAILABLE';
    realm.engine.put('m', 'k', 'mine');
    world.settle();
    expect(realm.engine.entries('m')).toHaveLength(1);
    const before = realm.eventsOf('changes').length;
    world.server.put('m', 'k', undefined, later(world));
    world.settle();
    expect(realm.engine.get('m', 'k')).toBeUndefined();
    expect(realm.engine.entries('m')).toEqual([]);
    expect(
      realm
        .eventsOf('changes')
        .slice(before)
        .map(({ keysByMap }) => [...(keysByMap.get('m') ?? [])]),
    ).toEqual([['k']]);
  });

  it('[DEV-1] a write whose answer is lost stays hidden behind a newer row that another device removes', () => {
    const world = new FakeWorld();
    const store = new FakeStore();
    const leader = world.started(store);
    const follower = world.started(store);
    for (const { engine } of [leader, follower]) engine.openMap('m', 'LWW');
    world.settle();
    world.server.dropAnswers = true;
    leader.engine.put('m', 'k', 'old');
    world.settle();
    const t = later(world);
    world.server.put('m', 'k', 'newer', t);
    world.settle();
    expect([leader, follower].map(({ engine }) => engine.get('m', 'k'))).toEqual(['newer', 'newer']);
    world.server.put('m', 'k', undefined, t + 1);
    world.settle();
    expect([leader, follower].map(({ engine }) => engine.get('m', 'k'))).toEqual([undefined, undefined]);
    expect(leader.engine.pendingOps()).toBe(1);
  });

  it.each(['LWW', 'OR'] as const)(
    '[DEV-1] a write that was shown, and undone by another device, does not come back with its repeated answer (%s)',
    (kind) => {
      const world = new FakeWorld();
      const realm = world.started();
      realm.engine.openMap('m', kind);
      world.settle();
      world.server.dropAnswers = true;
      if (kind === 'LWW') realm.engine.put('m', 'k', 'mine');
      else realm.engine.orAdd('m', 'k', 'mine');
      world.settle();
      for (const { key, tag } of [...(world.server.rows.get('m')?.values() ?? [])])
        world.server.put('m', key, undefined, later(world), 'other', tag);
      world.settle();
      expect(realm.engine.has('m', 'k')).toBe(false);
      world.server.dropAnswers = false;
      const seen: boolean[] = [];
      const deliver = realm.engine.socketMessage.bind(realm.engine);
      realm.engine.socketMessage = (message) => {
        // The answer comes while the scope does not know yet where it stands.
        if (message.type === 'SYNC_ROOT' && realm.engine.pendingOps() > 0) return;
        deliver(message);
        if (realm.engine.pendingOps() === 0) seen.push(realm.engine.has('m', 'k'));
      };
      realm.drop(1006);
      world.advance(60_000);
      expect(realm.engine.pendingOps()).toBe(0);
      expect(seen.length).toBeGreaterThan(0);
      expect(seen).not.toContain(true);
    },
  );

  it('[RES-2] a delta that came before the answer it builds on is asked for again', () => {
    const world = new FakeWorld();
    const realm = world.started();
    const connection = realm.connection;
    realm.held.add('server');
    realm.engine.openMap('m', 'LWW');
    world.settle();
    const kept: unknown[] = [];
    const deliver = realm.engine.socketMessage.bind(realm.engine);
    // The root answer is held back until the delta has passed it.
    realm.engine.socketMessage = (message) => {
      if (message.type === 'SYNC_ROOT' && kept.length === 0) kept.push(message);
      else deliver(message);
    };
    realm.release('server');
    world.settle();
    world.server.put('m', 'k', 'v', later(world));
    world.settle();
    expect(realm.engine.get('m', 'k')).toBeUndefined();
    for (const message of kept) deliver(message as Parameters<typeof deliver>[0]);
    world.settle();
    expect(realm.engine.get('m', 'k')).toBe('v');
    expect(realm.connection).toBe(connection);
  });
});
