import { describe, expect, it } from 'vitest';
import type { StalePolicy } from './ports.js';
import { FakeStore, FakeWorld } from './testing/FakeWorld.js';

/**
 * A world whose server calls stale what was stamped before now, as far as nothing stands there. The realm has written
 * offline: a new record, twice, and a change of one that is gone.
 */
function away(policy?: StalePolicy) {
  const world = new FakeWorld();
  const store = new FakeStore();
  const realm = world.started(store);
  realm.engine.openMap('m', 'LWW');
  realm.engine.openMap('tags', 'OR');
  world.settle();
  world.server.put('m', 'gone', 'theirs', 5);
  world.settle();
  world.cutNetwork();
  if (policy) realm.engine.stalePolicies.set('m', policy);
  const seqs = [
    realm.engine.put('m', 'new', 1),
    realm.engine.put('m', 'gone', 'mine'),
    realm.engine.orAdd('tags', 'k', 'added'),
    realm.engine.orAdd('tags', 'k', 'added too'),
  ] as const;
  world.settle();
  const floor = Math.max(
    ...[...store.rows.values()].flatMap(
      ([[table], op]) => (table === 'op' ? (op as number[])[3] : 0) as number,
    ),
  );
  world.server.rows.get('m')?.delete('gone');
  world.server.refuse = (map, row) => {
    const isPresent = world.server.rows.get(map)?.has(row[3]) ?? false;
    return (row[1] === 0 || row[1] === 2) && row[4] <= floor && !isPresent ? 'STALE_OP' : undefined;
  };
  const back = (): void => {
    world.healNetwork();
    world.advance(60_000);
  };
  return { world, store, realm, seqs, back };
}

describe('stale ops', () => {
  it('[GC-3] what made something new is written again under a new id, what changed a record that is gone is parked', () => {
    const { world, realm, seqs, back } = away();
    back();
    expect(realm.engine.pendingOps()).toBe(0);
    expect(realm.engine.state()).toBe('CONNECTED');
    expect(realm.engine.get('m', 'new')).toBe(1);
    expect(realm.engine.has('m', 'gone')).toBe(false);
    expect(realm.engine.orGet('tags', 'k').map(({ value }) => value)).toEqual(['added', 'added too']);
    expect(realm.engine.liveRoot('m')).toBe(world.server.tree('m').rootHash());
    expect(realm.engine.liveRoot('tags')).toBe(world.server.tree('tags').rootHash());
    const { session } = realm.engine;
    expect(
      [...world.server.effects.keys()].filter((id) => seqs.some((seq) => id.endsWith(`${session}:${seq}`))),
    ).toEqual([]);
    expect(realm.engine.parkedWrites()).toMatchObject([
      { map: 'm', key: 'gone', op: 'PUT', payload: 'mine', code: 'STALE_OP' },
    ]);
    expect(realm.eventsOf('rejection').map(({ rejection }) => rejection.key)).toEqual(['gone']);
    const ends = realm.eventsOf('settled').map(({ seq, outcome }) => [seq, outcome]);
    expect(ends).toContainEqual([seqs[0], 'superseded']);
    expect(ends).toContainEqual([seqs[1], 'rejected']);
  });

  it('[GC-3] the policy of the map decides: ask parks all, drop none, rebase-all writes all again', () => {
    const shown: Record<string, unknown> = {};
    for (const policy of ['ask', 'drop', 'rebase-all'] as const) {
      const { realm, back } = away(policy);
      back();
      shown[policy] = [
        realm.engine
          .entries('m')
          .map(([key]) => key)
          .sort(),
        realm.engine.parkedWrites().map(({ key }) => key),
        realm.eventsOf('rejection').map(({ rejection }) => rejection.key),
      ];
    }
    expect(shown).toEqual({
      ask: [[], ['new', 'gone'], ['new', 'gone']],
      drop: [[], [], ['new', 'gone']],
      'rebase-all': [['gone', 'new'], [], []],
    });
  });

  it('[GC-3] a stale write with a later own one on its key is superseded, and the later one takes over what it was written on', () => {
    const { world, store, realm, seqs, back } = away();
    // Another tab of the device: nothing coalesces across realms.
    const other = world.started(store);
    other.engine.openMap('m', 'LWW');
    world.settle();
    other.engine.put('m', 'new', 2);
    other.engine.put('m', 'gone', 'mine too');
    world.settle();
    const refuse = world.server.refuse;
    let isAll = true;
    world.server.refuse = (map, row) => {
      return isAll && row[1] === 0 && row[4] < world.server.nowMs() * 2048 - 30_000 * 2048
        ? 'STALE_OP'
        : refuse(map, row);
    };
    world.advance(60_000);
    back();
    isAll = false;
    expect(realm.engine.pendingOps()).toBe(0);
    expect(realm.engine.entries('m')).toEqual([['new', 2]]);
    expect(realm.engine.parkedWrites().map(({ payload }) => payload)).toEqual(['mine too']);
    expect(realm.eventsOf('settled')).toContainEqual(
      expect.objectContaining({ seq: seqs[0], outcome: 'superseded' }),
    );
  });

  it('[GC-3] a stale add whose element an own removal names is not made again', () => {
    const { realm, world, back } = away();
    realm.engine.orRemove('tags', 'k', 'added');
    world.settle();
    back();
    expect(realm.engine.pendingOps()).toBe(0);
    expect(realm.engine.orGet('tags', 'k').map(({ value }) => value)).toEqual(['added too']);
    expect(realm.engine.liveRoot('tags')).toBe(world.server.tree('tags').rootHash());
  });

  it('[GC-3] the list survives reloads, is told once, and the app writes again or discards', () => {
    const { world, store, realm, back } = away('ask');
    back();
    for (const { rejection } of realm.eventsOf('rejection')) realm.engine.rejectionShown(rejection.id);
    world.settle();
    realm.kill();
    const next = world.started(store);
    next.engine.openMap('m', 'LWW');
    world.advance(10_000);
    expect(next.eventsOf('rejection')).toEqual([]);
    const [fresh, gone] = next.engine.parkedWrites();
    expect([fresh?.key, gone?.key]).toEqual(['new', 'gone']);
    next.engine.reissue(fresh?.id ?? '');
    next.engine.discard(gone?.id ?? '');
    expect(next.engine.reissue(gone?.id ?? '')).toBeUndefined();
    world.advance(10_000);
    expect(next.engine.entries('m')).toEqual([['new', 1]]);
    expect(world.server.rows.get('m')?.get('new')?.value).toBe(1);
    next.kill();
    const last = world.started(store);
    world.settle();
    expect(last.engine.parkedWrites()).toEqual([]);
  });

  it('[GC-3] [SRV-4] what a forgotten client gives back waits in the same list', () => {
    const world = new FakeWorld();
    const realm = world.started(new FakeStore());
    realm.engine.openMap('m', 'LWW');
    realm.engine.put('m', 'answered', 1);
    world.settle();
    world.server.dropAnswers = true;
    realm.engine.put('m', 'sent', 2);
    world.settle();
    world.server.dropAnswers = false;
    realm.drop(1006);
    world.server.forgotten.add(world.server.auths.at(-1)?.clientId ?? '');
    world.advance(60_000);
    expect(realm.engine.parkedWrites()).toMatchObject([{ key: 'sent', code: 'UNKNOWN_CLIENT', payload: 2 }]);
  });
});
