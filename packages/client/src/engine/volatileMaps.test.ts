import { CONCERN } from '@topgun/protocol';
import { describe, expect, it } from 'vitest';
import { REACH } from './PendingOp.js';
import { type FakeRealm, FakeStore, FakeWorld } from './testing/FakeWorld.js';

function opened(): { world: FakeWorld; store: FakeStore; realm: FakeRealm } {
  const world = new FakeWorld();
  world.server.volatile.add('cursors');
  const store = new FakeStore();
  const realm = world.started(store);
  realm.engine.openMap('cursors', 'LWW');
  realm.engine.openMap('todos', 'LWW');
  world.settle();
  return { world, store, realm };
}

const isEqual = (world: FakeWorld, { engine }: FakeRealm): void => {
  expect([engine.state(), engine.pendingOps()]).toEqual(['CONNECTED', 0]);
  for (const map of ['cursors', 'todos'])
    expect([map, engine.liveRoot(map)]).toEqual([map, world.server.tree(map).rootHash()]);
};

describe('maps that the server keeps in memory alone', () => {
  it('[SRV-10] an answer APPLIED with an offset is the last one: the op folds and leaves the log', () => {
    const { world, store, realm } = opened();
    realm.engine.put('cursors', 'k', 1);
    realm.engine.put('todos', 'k', 2);
    world.settle();
    isEqual(world, realm);
    expect(store.table('op')).toEqual([]);
    expect(realm.eventsOf('settled').map(({ outcome, code }) => [outcome, code])).toEqual(
      expect.arrayContaining([
        ['applied', 'VOLATILE_MAP'],
        ['applied', undefined],
      ]),
    );
    // Nothing is kept for a server that loses what it never promised to keep.
    expect(
      store
        .table('tail')
        .flatMap(([, rows]) => JSON.stringify(rows))
        .join(),
    ).not.toContain('cursors');
  });

  it('[SRV-10] an answer APPLIED without offset is no last one', () => {
    const { world, store, realm } = opened();
    realm.held.add('server');
    const seq = realm.engine.put('cursors', 'k', 1);
    realm.engine.ask(seq, REACH.APPLIED);
    world.settle();
    const { session } = realm.engine;
    const spans = [[seq, 1, 0]] as const;
    realm.engine.socketMessage({
      type: 'OP_ACK',
      session,
      level: CONCERN.APPLIED,
      epoch: 7,
      spans,
      pos: [0, 0],
    });
    world.settle();
    expect(store.table('op')).toHaveLength(1);
    realm.release('server');
    world.settle();
    isEqual(world, realm);
  });

  it('[SRV-10] what a restart took from the server leaves the devices, and what they write then stays', () => {
    const { world, store, realm } = opened();
    realm.engine.put('cursors', 'old', 1);
    realm.engine.put('todos', 'kept', 2);
    world.settle();
    world.cutNetwork();
    realm.engine.put('cursors', 'new', 3);
    world.server.restart();
    world.healNetwork();
    expect([realm.engine.get('cursors', 'old'), realm.engine.get('cursors', 'new')]).toEqual([undefined, 3]);
    expect(realm.engine.get('todos', 'kept')).toBe(2);
    isEqual(world, realm);
    realm.kill();
    const next = world.started(store);
    next.engine.openMap('cursors', 'LWW');
    next.engine.openMap('todos', 'LWW');
    world.settle();
    isEqual(world, next);
  });

  it('[SRV-10] a query tells of them too, also of a map that the device has never heard of', () => {
    const { world } = opened();
    world.server.put('cursors', 'k', { x: 1 }, 1_600_000_000_000 * 2048);
    const other = world.started(new FakeStore());
    other.engine.openQuery('q', 'cursors', {});
    world.settle();
    expect(other.engine.queryResult('q').rows).toHaveLength(1);
    expect(other.engine.isVolatile('cursors')).toBe(true);
  });

  it('[SRV-10] the device knows them again after a start without network', () => {
    const { world, store, realm } = opened();
    realm.engine.put('cursors', 'k', 1);
    world.settle();
    expect([realm.engine.isVolatile('cursors'), realm.engine.isVolatile('todos')]).toEqual([true, false]);
    realm.kill();
    world.cutNetwork();
    const next = world.started(store);
    next.engine.openMap('cursors', 'LWW');
    world.settle();
    expect(next.engine.isVolatile('cursors')).toBe(true);
  });
});
