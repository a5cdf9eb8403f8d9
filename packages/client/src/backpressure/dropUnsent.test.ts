import { OP } from '@topgun/protocol';
import { expect, it } from 'vitest';
import { FakeStore, FakeWorld } from '../engine/testing/FakeWorld.js';
import { UnsentWrites } from './dropUnsent.js';

const put = (map: string, key: string, value: unknown) => ({ op: OP.PUT, map, key, value, ttlMs: undefined });

/** What the server has when a device that was offline is started anew with what its store holds. */
function afterRestart(world: FakeWorld, store: FakeStore, maps: readonly string[]): unknown[] {
  for (const realm of world.realms) realm.kill();
  world.started(store);
  world.healNetwork();
  return maps.map((map) =>
    [...(world.server.rows.get(map)?.values() ?? [])].map(({ key, value }) => [key, value]),
  );
}

it('[TX-2] [DEV-2] a transaction on top of a write that is taken back stays whole in the store', () => {
  const world = new FakeWorld();
  const store = new FakeStore();
  const realm = world.started(store);
  for (const map of ['m', 'n']) realm.engine.openMap(map, 'LWW');
  world.settle();
  world.cutNetwork();
  realm.engine.put('n', '{t}k', 'taken back');
  realm.engine.transact([put('m', '{t}k', 1), put('n', '{t}k', 2)]);
  world.settle();
  expect(new UnsentWrites(realm.engine.realm).dropOldest()?.payload).toBe('taken back');
  world.settle();
  expect(afterRestart(world, store, ['m', 'n'])).toEqual([[['{t}k', 1]], [['{t}k', 2]]]);
});

it('[TX-2] what was written on top of a transaction that is taken back stands on what the transaction stood on', () => {
  const world = new FakeWorld();
  const store = new FakeStore();
  const realm = world.started(store);
  for (const map of ['m', 'n']) realm.engine.openMap(map, 'LWW');
  world.settle();
  world.cutNetwork();
  realm.engine.transact([put('m', '{t}k', 1), put('n', '{t}k', 1)]);
  for (const map of ['m', 'n']) realm.engine.put(map, '{t}k', 2);
  world.settle();
  new UnsentWrites(realm.engine.realm).dropOldest();
  world.settle();
  expect(store.table('op').map(([, stored]) => (stored as unknown[])[5])).toEqual([null, null]);
});
