import { describe, expect, it } from 'vitest';
import { type FakeRealm, FakeStore, FakeWorld } from './testing/FakeWorld.js';

const T = 1_600_000_000_000 * 2048;

/** A leader that has shown a row which its store has an older version of, asleep while another tab that cannot reach the server leads. */
function replaced(): { world: FakeWorld; former: FakeRealm; leader: FakeRealm; seen: unknown[] } {
  const world = new FakeWorld();
  const store = new FakeStore();
  const former = world.started(store);
  const leader = world.started(store);
  for (const { engine } of [former, leader]) engine.openMap('m', 'LWW');
  world.server.put('m', 'k', 'stored', T);
  world.settle();
  // The transaction that would carry the next row waits for this one.
  former.held.add('tx');
  former.engine.put('m', 'own', 1);
  world.settle();
  world.server.put('m', 'k', 'shown', T + 1);
  world.server.put('m', 'new', 'shown', T + 1);
  world.settle();
  expect([former.engine.get('m', 'k'), leader.engine.get('m', 'k')]).toEqual(['shown', 'stored']);
  former.freeze();
  world.cutNetwork();
  world.advance(3000);
  expect([leader.engine.isLeader(), leader.engine.get('m', 'k')]).toEqual([true, 'stored']);
  const seen: unknown[] = [];
  former.onEvent = () => seen.push(former.engine.get('m', 'k'), former.engine.get('m', 'new'));
  former.thaw();
  former.release('tx');
  world.settle();
  expect(former.engine.isLeader()).toBe(false);
  expect(store.table('base').map(([, row]) => (row as unknown[])[6])).toEqual(['stored']);
  return { world, former, leader, seen };
}

const shown = ({ engine }: FakeRealm): unknown[] => [engine.get('m', 'k'), engine.get('m', 'new')];

describe('a tab that leads no longer', () => {
  it('[B2] shows nothing older than it has shown, whatever the store holds', () => {
    const { world, former, leader, seen } = replaced();
    expect(shown(former)).toEqual(['shown', 'shown']);
    leader.engine.put('m', 'other', 1);
    world.settle();
    expect([former.engine.get('m', 'other'), ...shown(former)]).toEqual([1, 'shown', 'shown']);
    world.healNetwork();
    expect([...shown(former), ...shown(leader)]).toEqual(['shown', 'shown', 'shown', 'shown']);
    expect(new Set(seen)).toEqual(new Set(['shown']));
    expect(former.engine.liveRoot('m')).toBe(leader.engine.liveRoot('m'));
  });

  it('[B2] [C1] shows what its successor says as soon as that has caught up: what is newer, and what is gone', () => {
    const { world, former, leader } = replaced();
    world.server.put('m', 'k', 'newer', T + 2);
    world.server.put('m', 'new', undefined, T + 2);
    world.healNetwork();
    expect(shown(leader)).toEqual(['newer', undefined]);
    expect(shown(former)).toEqual(['newer', undefined]);
    expect(former.engine.liveRoot('m')).toBe(leader.engine.liveRoot('m'));
  });

  it('[B2] [C1] that leads again stores what it was ahead of, and catches up from the cursor of the store', () => {
    const { world, former, leader } = replaced();
    world.server.put('m', 'new', undefined, T + 2);
    leader.kill();
    world.settle();
    expect(former.engine.isLeader()).toBe(true);
    expect(shown(former)).toEqual(['shown', 'shown']);
    world.healNetwork();
    expect(shown(former)).toEqual(['shown', undefined]);
    expect(former.engine.liveRoot('m')).toBe(world.server.tree('m').rootHash());
    const again = world.started(former.store);
    world.settle();
    expect(shown(again)).toEqual(['shown', undefined]);
    expect(again.engine.liveRoot('m')).toBe(former.engine.liveRoot('m'));
  });

  it('[INC-1] [B2] a server that has lost time takes back what was shown', () => {
    const { world, former, leader } = replaced();
    for (const key of ['k', 'new']) world.server.rows.get('m')?.delete(key);
    world.server.put('m', 'k', 'restored', T);
    world.server.incarnation = 'inc-2';
    world.healNetwork();
    expect(shown(leader)).toEqual(shown(former));
    expect(former.engine.liveRoot('m')).toBe(leader.engine.liveRoot('m'));
  });
});
