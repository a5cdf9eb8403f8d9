import { describe, expect, it, vi } from 'vitest';
import { aggregate, avg, count, distinct, max, sum } from '../aggregates.js';
import { FakeWorld } from '../engine/testing/FakeWorld.js';
import { queryClientOn } from '../engine/testing/queryClient.js';

const T = 1_600_000_000_000 * 2048;

interface City {
  readonly country: string;
  readonly people: number;
}

/** A device without server that has the whole map. */
function localCities() {
  const world = new FakeWorld();
  const realm = world.started(undefined, { server: false });
  const set = (key: string, country: string, people: number): void => {
    realm.engine.put('cities', key, { country, people } satisfies City);
  };
  set('a', 'DE', 1);
  set('b', 'FR', 2);
  set('c', 'DE', 3);
  return { world, realm, set, ...queryClientOn(realm) };
}

const perCountry = {
  groupBy: 'country',
  select: { cities: count(), people: sum('people') },
  sort: { people: 'desc' },
} as const;

describe('aggregate', () => {
  it('[AGG-8] is there at once, and own writes are in it in the same tick', () => {
    const { client, set, realm } = localCities();
    const handle = aggregate(client, 'cities', perCountry);
    expect(handle.getSnapshot()).toMatchObject({
      groups: [
        { country: 'DE', cities: 2, people: 4 },
        { country: 'FR', cities: 1, people: 2 },
      ],
      completeness: 'complete',
      isLoaded: true,
    });
    set('d', 'FR', 5);
    expect(handle.getSnapshot().groups.map(({ country, people }) => [country, people])).toEqual([
      ['FR', 7],
      ['DE', 4],
    ]);
    realm.engine.remove('cities', 'b');
    realm.engine.remove('cities', 'd');
    expect(handle.getSnapshot().groups).toHaveLength(1);
  });

  it('[AGG-6] calls back once per tick, only when a group changed, with unchanged ones as they were', () => {
    const { client, set, world } = localCities();
    const calls: (readonly { readonly country: unknown; readonly cities: number }[])[] = [];
    const handle = aggregate(client, 'cities', { groupBy: 'country', select: { cities: count() } });
    const stop = handle.subscribe(({ groups }) => calls.push(groups));
    set('a', 'DE', 9);
    world.settle();
    expect(calls).toHaveLength(1);
    set('d', 'FR', 5);
    set('e', 'FR', 6);
    world.settle();
    expect(calls).toHaveLength(2);
    expect(calls[1]?.[0]).toBe(calls[0]?.[0]);
    expect(calls[1]?.[1]).toMatchObject({ country: 'FR', cities: 3 });
    stop();
    set('f', 'IT', 1);
    world.settle();
    expect(calls).toHaveLength(2);
  });

  it('[AGG-8] a filter keeps rows out; numbers without fields and elements of OR maps are rows as well', () => {
    const { client, realm, set } = localCities();
    set('small', 'DE', 0);
    const big = aggregate(client, 'cities', {
      where: { people: { $gte: 2 } },
      select: { mean: avg('people') },
    });
    expect(big.getSnapshot().groups[0]?.mean).toBe(2.5);
    realm.engine.put('numbers', 'x', 4);
    realm.engine.put('numbers', 'y', 6);
    const numbers = aggregate(client, 'numbers', { select: { all: sum(''), top: max('') } });
    expect(numbers.getSnapshot().groups).toMatchObject([{ all: 10, top: 6 }]);
    realm.engine.openMap('tags', 'OR');
    realm.engine.orAdd('tags', 'k', 'red');
    realm.engine.orAdd('tags', 'k', 'blue');
    const tags = aggregate(client, 'tags', { select: { n: count(), each: distinct('') } });
    expect(tags.getSnapshot().groups).toMatchObject([{ n: 2, each: ['blue', 'red'] }]);
  });

  it('[AGG-8] is partial until the rows of the server are in, and brings no other rows', () => {
    const world = new FakeWorld();
    for (let i = 0; i < 10; i++) world.server.put('todos', `k${i}`, { n: i, done: i % 2 === 0 }, T + i);
    const realm = world.started();
    const { client } = queryClientOn(realm);
    const done = aggregate(client, 'todos', {
      where: { done: true },
      select: { n: count(), total: sum('n') },
    });
    const seen: unknown[] = [];
    done.subscribe(({ groups, completeness }) => seen.push([groups[0]?.n, groups[0]?.total, completeness]));
    realm.engine.put('todos', 'mine', { n: 100, done: true });
    world.settle();
    expect(seen[0]).toEqual([0, 0, 'partial']);
    expect(seen.at(-1)).toEqual([6, 120, 'complete']);
    expect(world.server.rowsSent).toBe(5);
    world.server.put('todos', 'k1', { n: 1, done: true }, T + 100);
    world.server.put('todos', 'k8', { n: 8, done: false }, T + 101);
    world.settle();
    expect(seen.at(-1)).toEqual([6, 113, 'complete']);
  });

  it('[AGG-8] handles that ask the same share the work, and the query with its rows', () => {
    const { client, set } = localCities();
    const first = aggregate(client, 'cities', perCountry);
    const second = aggregate(client, 'cities', { ...perCountry });
    expect(second.key).toBe(first.key);
    expect(second.getSnapshot()).toBe(first.getSnapshot());
    const other = aggregate(client, 'cities', { select: { n: count() } });
    expect(other.key).not.toBe(first.key);
    set('z', 'DE', 1);
    expect(other.getSnapshot().groups[0]?.n).toBe(4);
    expect(first.getSnapshot()).toBe(second.getSnapshot());
  });

  it('[AGG-8] goes on after it was closed for want of readers', () => {
    const { client, set, closeIdle, realm } = localCities();
    const handle = aggregate(client, 'cities', perCountry);
    handle.getSnapshot();
    closeIdle();
    set('d', 'FR', 10);
    expect(handle.getSnapshot().groups[0]).toMatchObject({ country: 'FR', people: 12 });
    const closeQuery = vi.spyOn(realm.engine, 'closeQuery');
    const end = handle.onSnapshot(() => undefined);
    closeIdle();
    expect(closeQuery).not.toHaveBeenCalled();
    const before = handle.getSnapshot();
    expect(handle.getSnapshot()).toBe(before);
    end();
    handle.dispose();
    closeIdle();
    expect(closeQuery).toHaveBeenCalledTimes(1);
  });

  it('[AGG-7] refuses a wrong question when it is made', () => {
    const { client } = localCities();
    const invalid = expect.objectContaining({ code: 'QUERY_INVALID' });
    expect(() => aggregate(client, 'cities', { select: {} })).toThrow(invalid);
  });
});
