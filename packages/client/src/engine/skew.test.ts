import { millisOf } from '@topgun/core';
import { describe, expect, it } from 'vitest';
import type { FakeRealm } from './testing/FakeWorld.js';
import { FakeStore, FakeWorld } from './testing/FakeWorld.js';

const TEN_YEARS_MS = 10 * 365 * 86_400_000;

/** Its server refuses what is stamped more than a minute ahead. */
function strictWorld(): FakeWorld {
  const world = new FakeWorld();
  world.server.skewMs = 60_000;
  return world;
}

/** Stamps of the ops that a realm has sent, in their order, with their ids. */
const sentBy = (realm: FakeRealm): (readonly [seq: number, millis: number, node: string])[] =>
  (realm.connection?.received ?? []).flatMap((message) =>
    message.type === 'OPS'
      ? message.rows.map((row) => [row[0], millisOf(row[4]), row[8] ?? message.session] as const)
      : [],
  );

const timeOf = (world: FakeWorld, key: string): number =>
  millisOf(world.server.rows.get('m')?.get(key)?.t ?? 0) - world.timeMs;

describe('clocks that are wrong', () => {
  it('[CLK-5] a clock ten years ahead does not win, and its ops are stamped again under their ids', () => {
    const world = strictWorld();
    world.isServerUp = false;
    const [wrong, right] = [world.started(), world.started()];
    wrong.wallOffsetMs = TEN_YEARS_MS;
    wrong.engine.put('m', 'a', 'wrong');
    wrong.engine.put('m', 'b', 'wrong');
    world.settle();
    world.healNetwork();
    expect(wrong.engine.pendingOps()).toBe(0);
    expect([...world.server.effects.values()]).toEqual([1, 1]);
    for (const key of ['a', 'b']) expect(Math.abs(timeOf(world, key))).toBeLessThan(60_000);
    const [first, second, ...again] = sentBy(wrong);
    expect(again.map(([seq]) => seq)).toEqual([first?.[0], second?.[0]]);
    expect(new Set(again.map(([, , node]) => node)).size).toBe(1);
    expect(again[0]?.[2]).not.toBe(first?.[2]);
    right.engine.put('m', 'a', 'right');
    world.settle();
    expect(world.server.rows.get('m')?.get('a')?.value).toBe('right');
  });

  it('[CLK-5] once it is set back, the clock stays back: across writes, tabs and starts', () => {
    const world = strictWorld();
    const store = new FakeStore();
    const [leader, other] = [world.started(store), world.started(store)];
    for (const realm of [leader, other]) realm.engine.openMap('m', 'LWW');
    world.cutNetwork();
    for (const realm of [leader, other]) {
      realm.wallOffsetMs = TEN_YEARS_MS;
      realm.engine.put('m', realm === leader ? 'a' : 'b', 1);
    }
    world.settle();
    world.healNetwork();
    expect(leader.engine.pendingOps()).toBe(0);
    for (const [i, realm] of [leader, other].entries()) {
      realm.engine.put('m', `later${i}`, 1);
      world.settle();
      expect(realm.engine.pendingOps()).toBe(0);
      expect(Math.abs(timeOf(world, `later${i}`))).toBeLessThan(60_000);
    }
    for (const realm of [leader, other]) realm.kill();
    const next = world.started(store);
    next.wallOffsetMs = TEN_YEARS_MS;
    const sentBefore = world.server.effects.size;
    next.engine.put('m', 'next', 1);
    world.advance(20_000);
    expect(Math.abs(timeOf(world, 'next'))).toBeLessThan(60_000);
    expect(world.server.effects.size).toBe(sentBefore + 1);
  });

  it('[CLK-5] what was sent gets its answer before anything is stamped again, and keeps its stamp when it was admitted', () => {
    const world = strictWorld();
    const realm = world.started();
    realm.engine.openMap('m', 'LWW');
    world.settle();
    world.server.dropAnswers = true;
    realm.engine.put('m', 'admitted', 1);
    world.settle();
    const stamp = world.server.rows.get('m')?.get('admitted')?.t;
    realm.wallOffsetMs = TEN_YEARS_MS;
    realm.engine.put('m', 'refused', 1);
    realm.engine.put('m', 'admitted', 2);
    world.settle();
    world.server.dropAnswers = false;
    world.advance(60_000);
    expect(realm.engine.pendingOps()).toBe(0);
    const sentAdmitted = sentBy(realm).filter(([seq]) => seq === 1);
    for (const [, millis] of sentAdmitted) expect(millis).toBe(millisOf(stamp ?? 0));
    expect(world.server.rows.get('m')?.get('admitted')?.value).toBe(2);
    expect([...world.server.effects.values()]).toEqual([1, 1, 1]);
  });

  it('[CLK-5] keeps the order of ops', () => {
    const world = strictWorld();
    const realm = world.started();
    realm.engine.openMap('m', 'LWW');
    world.settle();
    world.cutNetwork();
    realm.wallOffsetMs = TEN_YEARS_MS;
    for (const value of [1, 2, 3]) {
      realm.engine.put('m', 'k', value);
      realm.engine.orAdd('tags', 't', value);
      world.settle();
    }
    world.healNetwork();
    expect(realm.engine.pendingOps()).toBe(0);
    expect(world.server.rows.get('m')?.get('k')?.value).toBe(3);
    const stamps = [...(world.server.rows.get('tags')?.values() ?? [])].sort((a, b) => a.t - b.t);
    expect(stamps.map(({ value }) => value)).toEqual([1, 2, 3]);
  });

  it('[CLK-5] tries again with growing pauses when the server refuses once more, and never gives up', () => {
    const world = strictWorld();
    const realm = world.started();
    const madeAtMs = world.timeMs;
    const tries: number[] = [];
    world.server.refuse = () => {
      tries.push(world.timeMs - madeAtMs);
      return world.timeMs < madeAtMs + 20_000 ? 'CLOCK_SKEW' : undefined;
    };
    realm.engine.put('m', 'k', 'v');
    world.settle();
    expect(realm.engine.pendingOps()).toBe(1);
    world.advance(60_000);
    expect(realm.eventsOf('rejection')).toEqual([]);
    expect(realm.engine.pendingOps()).toBe(0);
    expect(tries).toEqual([0, 0, 1000, 3000, 7000, 15_000, 31_000]);
  });

  it('[CLK-5] a whole transaction is stamped again as one', () => {
    const world = strictWorld();
    const realm = world.started();
    for (const map of ['p', 'q']) realm.engine.openMap(map, 'LWW');
    world.cutNetwork();
    realm.wallOffsetMs = TEN_YEARS_MS;
    const put = { op: 0, key: 'k', value: 1, ttlMs: undefined } as const;
    realm.engine.transact([
      { ...put, map: 'p' },
      { ...put, map: 'q' },
    ]);
    world.healNetwork();
    expect(realm.engine.pendingOps()).toBe(0);
    const [p, q] = ['p', 'q'].map((map) => world.server.rows.get(map)?.get('k'));
    expect([p?.value, q?.value]).toEqual([1, 1]);
    expect([p?.t, p?.node]).toEqual([q?.t, q?.node]);
  });

  it('[CLK-5] a write to a record from the future loses to it, rather than wait for that future', () => {
    const world = strictWorld();
    world.server.put('m', 'k', 'poison', (world.timeMs + TEN_YEARS_MS) * 2048);
    const realm = world.started();
    realm.engine.openMap('m', 'LWW');
    world.settle();
    realm.engine.put('m', 'k', 'mine');
    expect(realm.engine.get('m', 'k')).toBe('mine');
    world.advance(60_000);
    expect(realm.engine.pendingOps()).toBe(0);
    expect(realm.eventsOf('settled').map(({ outcome }) => outcome)).toEqual(['superseded']);
    expect(realm.engine.get('m', 'k')).toBe('poison');
  });

  it('[CLK-7] the repair of a record from the future replaces it, below its stamp, and own writes win from then on', () => {
    const world = strictWorld();
    const ahead = (world.timeMs + TEN_YEARS_MS) * 2048;
    world.server.put('m', 'k', 'poison', ahead);
    const [online, away] = [world.started(), world.started(new FakeStore())];
    for (const realm of [online, away]) realm.engine.openMap('m', 'LWW');
    world.settle();
    world.cutNetwork();
    // On top of the poison, so ahead as well; the clock of the device follows neither.
    away.engine.put('m', 'k', 'mine');
    world.settle();
    world.server.put('m', 'k', 'mended', world.timeMs * 2048, 'server');
    world.healNetwork();
    world.advance(60_000);
    expect(away.engine.pendingOps()).toBe(0);
    expect([online, away].map(({ engine }) => engine.get('m', 'k'))).toEqual(['mine', 'mine']);
    expect(Math.abs(timeOf(world, 'k'))).toBeLessThan(180_000);
    world.server.put('m', 'k', undefined, ahead + 1);
    world.settle();
    expect(online.engine.get('m', 'k')).toBeUndefined();
    world.server.put('m', 'k', 'mended', world.timeMs * 2048, 'server');
    world.settle();
    online.engine.put('m', 'k', 'again');
    world.settle();
    for (const { engine } of [online, away]) {
      expect(engine.pendingOps()).toBe(0);
      expect(engine.get('m', 'k')).toBe('again');
    }
  });
});
