import * as LIMITS from '@topgun/protocol/limits';
import { describe, expect, it } from 'vitest';
import { type FakeRealm, FakeStore, FakeWorld } from './testing/FakeWorld.js';

const T = 1_600_000_000_000 * 2048;
const ON = { where: { on: true } };

/** A device that follows a map whole or by a query, and a backup of the server that has its first row only. */
function following(by: 'map' | 'query', store = new FakeStore()) {
  const world = new FakeWorld();
  world.server.put('m', 'kept', { on: true, n: 1 }, T);
  const realm = world.started(store);
  const open = (opened: FakeRealm): void => {
    if (by === 'map') opened.engine.openMap('m', 'LWW');
    else opened.openQuery('q', 'm', ON);
    world.settle();
  };
  open(realm);
  return { world, realm, store, open, restore: world.server.backup() };
}

const journal = (realm: FakeRealm): unknown[] =>
  [...realm.engine.conflicts().values()].map(({ key, payload, outcome }) => [key, payload, outcome]);

describe.each(['map', 'query'] as const)('a server that was put back, followed by %s', (by) => {
  it('[DEV-8] what its repair takes from the device is in the journal, and nothing else', () => {
    const { world, realm, restore } = following(by);
    world.server.put('m', 'lost', { on: true, n: 2 }, T + 1);
    world.server.put('m', 'kept', { on: true, n: 3 }, T + 2);
    world.settle();
    world.cutNetwork();
    restore();
    world.healNetwork();
    expect(realm.engine.get('m', 'lost')).toBeUndefined();
    expect(realm.engine.get('m', 'kept')).toEqual({ on: true, n: 1 });
    expect(journal(realm).sort()).toEqual([
      ['kept', { on: true, n: 3 }, 'restored'],
      ['lost', { on: true, n: 2 }, 'restored'],
    ]);
    const [entry] = [...realm.engine.conflicts().values()].filter(({ key }) => key === 'lost');
    expect(entry).toMatchObject({ map: 'm', op: 'PUT', id: `other:${T + 1}` });
    // In this life it is a removal like any other.
    world.cutNetwork();
    world.server.put('m', 'kept', undefined, T + 5);
    world.healNetwork();
    expect(realm.engine.get('m', 'kept')).toBeUndefined();
    expect(journal(realm)).toHaveLength(2);
  });

  it('[DEV-8] also where the device was off meanwhile', () => {
    const { world, realm, store, open, restore } = following(by);
    world.server.put('m', 'lost', { on: true, n: 2 }, T + 1);
    world.settle();
    realm.kill();
    restore();
    const next = world.started(store);
    open(next);
    world.advance(60_000);
    expect(next.engine.get('m', 'lost')).toBeUndefined();
    expect(journal(next)).toEqual([['lost', { on: true, n: 2 }, 'restored']]);
  });

  it('[DEV-8] takes no notice of what changed and went in the new life', () => {
    const { world, realm, restore } = following(by);
    world.cutNetwork();
    restore();
    world.server.put('m', 'kept', { on: true, n: 9 }, T + 9);
    world.healNetwork();
    expect(realm.engine.get('m', 'kept')).toEqual({ on: true, n: 9 });
    expect(journal(realm)).toEqual([]);
  });

  it('[DEV-8] is bounded: the newest entries stay', () => {
    const { world, realm, restore } = following(by);
    for (let i = 0; i < LIMITS.conflictEntries + 20; i++)
      world.server.put('m', `k${i}`, { on: true, n: i }, T + i);
    world.settle();
    world.cutNetwork();
    restore();
    world.healNetwork();
    expect(realm.engine.entries('m')).toHaveLength(1);
    expect(journal(realm)).toHaveLength(LIMITS.conflictEntries);
    expect(realm.store.table('conflict')).toHaveLength(LIMITS.conflictEntries);
  });
});
