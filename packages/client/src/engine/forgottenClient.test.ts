import { describe, expect, it } from 'vitest';
import { FakeStore, FakeWorld } from './testing/FakeWorld.js';

describe('a client that the server has forgotten', () => {
  it('[SRV-4] names the store that answered it, once one has, and never before', () => {
    const world = new FakeWorld();
    const store = new FakeStore();
    const named = (): unknown[] => world.server.auths.splice(0).map(({ incarnation }) => incarnation);
    const realm = world.started(store);
    realm.engine.openMap('m', 'LWW');
    world.settle();
    realm.drop(1006);
    world.advance(10_000);
    expect(named()).toEqual([undefined, undefined]);
    realm.engine.put('m', 'k', 1);
    world.settle();
    realm.drop(1006);
    world.advance(10_000);
    realm.kill();
    world.started(store);
    world.settle();
    expect(named()).toEqual(['inc-1', 'inc-1']);
  });

  it('[SRV-4] goes on under a new id: ops that may have been sent are given back, the others are sent under it', () => {
    const world = new FakeWorld();
    const store = new FakeStore();
    const realm = world.started(store);
    realm.engine.openMap('m', 'LWW');
    realm.engine.openMap('tags', 'OR');
    realm.engine.put('m', 'answered', 1);
    world.settle();
    const before = world.server.auths.at(-1)?.clientId;
    world.server.dropAnswers = true;
    realm.engine.put('m', 'sent', 2);
    world.settle();
    world.server.dropAnswers = false;
    realm.drop(1006);
    world.server.forgotten.add(before ?? '');
    realm.engine.put('m', 'new', 3);
    realm.engine.orAdd('tags', 'k', 'kept');
    realm.engine.orAdd('tags', 'k', 'taken');
    realm.engine.orRemove('tags', 'k', 'taken');
    const [{ tag } = { tag: '' }] = realm.engine.orGet('tags', 'k');
    world.advance(60_000);
    const after = world.server.auths.at(-1)?.clientId ?? '';
    expect(after).not.toBe(before);
    expect(realm.engine.state()).toBe('CONNECTED');
    expect(realm.engine.pendingOps()).toBe(0);
    expect(realm.eventsOf('rejection').map(({ rejection }) => [rejection.key, rejection.code])).toEqual([
      ['sent', 'UNKNOWN_CLIENT'],
    ]);
    expect(realm.engine.get('m', 'new')).toBe(3);
    const elements = realm.engine.orGet('tags', 'k');
    expect(elements.map(({ value }) => value)).toEqual(['kept']);
    expect(elements[0]?.tag).toBe(tag.replace(before ?? '', after));
    expect(realm.engine.liveRoot('tags')).toBe(world.server.tree('tags').rootHash());
    // The store knows the new id, too.
    realm.kill();
    world.started(store);
    world.settle();
    expect(world.server.auths.at(-1)?.clientId).toBe(after);
  });
});
