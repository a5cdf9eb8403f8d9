import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { FakeWorld } from '../engine/testing/FakeWorld.js';
import { queryClientOn } from '../engine/testing/queryClient.js';
import { type PagesFilter, type PagesHandle, pages } from '../pages.js';

const T = 1_600_000_000_000 * 2048;

interface Item {
  readonly n: number;
  readonly hit: boolean;
}

const shown = (handle: PagesHandle<Item>): number[] => handle.getSnapshot().rows.map(({ n }) => n);
const flags = (handle: PagesHandle<Item>): [boolean, boolean] => {
  const { hasPrevious, hasMore } = handle.getSnapshot();
  return [hasPrevious, hasMore];
};
const filter = { where: { hit: true }, sort: { n: 'desc' }, pageSize: 3 } as const;

/** A device without server with the rows 0 … count − 1, under keys in an order of their own. */
function local(count: number) {
  const world = new FakeWorld();
  const realm = world.started(undefined, { server: false });
  const keyOf = (n: number): string => `k${(n * 7) % 10}${n}`;
  const set = (n: number): void => {
    realm.engine.put('items', keyOf(n), { n, hit: true } satisfies Item);
  };
  const remove = (n: number): void => {
    realm.engine.remove('items', keyOf(n));
  };
  for (let n = 0; n < count; n++) set(n);
  return { world, realm, set, remove, ...queryClientOn(realm) };
}

afterEach(() => {
  vi.useRealTimers();
});

describe('pages', () => {
  it('[PAGE-6] go forward and back, to the first row and to none beyond the last', () => {
    const list = pages<Item>(local(8).client, 'items', filter);
    expect([shown(list), flags(list)]).toEqual([
      [7, 6, 5],
      [false, true],
    ]);
    expect(list.previous()).toBe(false);
    expect(list.next()).toBe(true);
    expect([shown(list), flags(list)]).toEqual([
      [4, 3, 2],
      [true, true],
    ]);
    expect(list.next()).toBe(true);
    expect([shown(list), flags(list)]).toEqual([
      [1, 0],
      [true, false],
    ]);
    expect([list.next(), shown(list)]).toEqual([false, [1, 0]]);
    expect(list.previous()).toBe(true);
    expect([shown(list), flags(list)]).toEqual([
      [4, 3, 2],
      [true, true],
    ]);
    expect(list.previous()).toBe(true);
    expect([shown(list), flags(list)]).toEqual([
      [7, 6, 5],
      [false, true],
    ]);
    list.next();
    list.first();
    expect([shown(list), flags(list)]).toEqual([
      [7, 6, 5],
      [false, true],
    ]);
  });

  it('[PAGE-7] the page that shows is live and stays full; rows elsewhere do not move it', () => {
    const { client, set, remove, world } = local(8);
    const list = pages<Item>(client, 'items', filter);
    list.next();
    const calls: number[][] = [];
    list.subscribe(({ rows }) => calls.push(rows.map(({ n }) => n)));
    remove(3);
    expect(shown(list)).toEqual([4, 2, 1]);
    world.settle();
    set(100);
    remove(6);
    world.settle();
    expect(calls).toEqual([
      [4, 3, 2],
      [4, 2, 1],
    ]);
    const before = list.getSnapshot();
    set(0);
    world.settle();
    expect(list.getSnapshot()).toBe(before);
  });

  it('[PAGE-7] listeners follow to the next page and hear of it at once', () => {
    const { client, set, world } = local(8);
    const list = pages<Item>(client, 'items', filter);
    const calls: number[][] = [];
    const stop = list.subscribe(({ rows }) => calls.push(rows.map(({ n }) => n)));
    list.next();
    set(2.5);
    world.settle();
    expect(calls).toEqual([
      [7, 6, 5],
      [4, 3, 2],
      [4, 3, 2.5],
    ]);
    stop();
    list.first();
    set(9);
    world.settle();
    expect(calls).toHaveLength(3);
  });

  it('[PAGE-7] a page grows in place', () => {
    const { client, set, remove } = local(12);
    const list = pages<Item>(client, 'items', filter);
    list.next();
    list.next();
    list.previous();
    expect(shown(list)).toEqual([8, 7, 6]);
    expect(list.more()).toBe(true);
    expect([shown(list), flags(list)]).toEqual([
      [8, 7, 6, 5, 4, 3],
      [true, true],
    ]);
    set(6.5);
    remove(8);
    expect(shown(list)).toEqual([7, 6.5, 6, 5, 4, 3]);
    expect(list.more()).toBe(true);
    expect([shown(list), flags(list), list.more()]).toEqual([
      [7, 6.5, 6, 5, 4, 3, 2, 1, 0],
      [true, false],
      false,
    ]);
    list.previous();
    expect(shown(list)).toEqual([11, 10, 9]);
    list.more();
    expect(shown(list)).toEqual([11, 10, 9, 7, 6.5, 6]);
  });

  it('[PAGE-7] a page whose rows have all gone leads to those before and behind it', () => {
    const { client, remove, set } = local(6);
    const list = pages<Item>(client, 'items', filter);
    list.next();
    for (const n of [0, 1, 2]) remove(n);
    expect([shown(list), flags(list)]).toEqual([[], [true, false]]);
    expect(list.next()).toBe(false);
    list.previous();
    expect(shown(list)).toEqual([5, 4, 3]);
    set(2);
    list.next();
    expect(shown(list)).toEqual([2]);
    list.previous();
    for (const n of [3, 4, 5]) remove(n);
    expect([shown(list), flags(list)]).toEqual([[], [false, true]]);
    expect(list.next()).toBe(true);
    expect(shown(list)).toEqual([2]);
  });

  it('[PAGE-2] as they are left, show every row that keeps its place exactly once, whatever is written meanwhile', () => {
    const write = fc.record({ n: fc.integer({ min: 0, max: 30 }), isThere: fc.boolean() });
    fc.assert(
      fc.property(fc.array(fc.array(write, { maxLength: 5 }), { maxLength: 12 }), (batches) => {
        const { client, set, remove } = local(16);
        const list = pages<Item>(client, 'items', filter);
        const steady = new Set(Array.from({ length: 16 }, (_, n) => n));
        const seen: number[] = [];
        let page = 0;
        do {
          for (const { n, isThere } of batches[page++] ?? []) {
            steady.delete(n);
            if (isThere) set(n);
            else remove(n);
          }
          seen.push(...shown(list));
        } while (list.next());
        expect(seen.filter((n) => steady.has(n))).toEqual([...steady].sort((a, b) => b - a));
      }),
      { numRuns: 60 },
    );
  });

  it('[PAGE-3] a cursor begins another list behind the last row, with any page size', () => {
    const { client } = local(8);
    const list = pages<Item>(client, 'items', filter);
    const cursor = list.nextCursor();
    const other = pages<Item>(client, 'items', { ...filter, pageSize: 2, cursor: cursor as string });
    expect([shown(other), flags(other)]).toEqual([
      [4, 3],
      [true, true],
    ]);
    const refused = (question: PagesFilter): unknown => {
      try {
        return pages(client, 'items', { ...question, cursor: cursor as string });
      } catch (error) {
        return (error as { code?: unknown }).code;
      }
    };
    expect(refused({ ...filter, where: { hit: false } })).toBe('CURSOR_INVALID');
    expect(refused({ ...filter, sort: { n: 'asc' } })).toBe('CURSOR_INVALID');
    other.next();
    other.next();
    expect(other.nextCursor()).toBeUndefined();
  });

  it('[PAGE-4] a cursor of eleven minutes ago is refused', () => {
    vi.useFakeTimers({ now: 1_700_000_000_000, toFake: ['Date'] });
    const { client } = local(8);
    const cursor = pages<Item>(client, 'items', filter).nextCursor() as string;
    vi.setSystemTime(1_700_000_000_000 + 11 * 60_000);
    const expired = expect.objectContaining({ code: 'CURSOR_EXPIRED' });
    expect(() => pages(client, 'items', { ...filter, cursor })).toThrow(expired);
  });

  it.each([0, -1, 1.5, 1_001, Number.NaN])('[PAGE-5] refuses a page size of %d', (pageSize) => {
    const wrong = expect.objectContaining({ code: 'OPTION_INVALID' });
    expect(() => pages(local(0).client, 'items', { pageSize })).toThrow(wrong);
  });

  it('[PAGE-8] a device without the map is sent its pages and no more, and knows when they are complete', () => {
    const world = new FakeWorld();
    for (let n = 0; n < 30; n++) world.server.put('items', `k${n}`, { n, hit: n % 2 === 0 }, T + n);
    const realm = world.started();
    const list = pages<Item>(queryClientOn(realm).client, 'items', filter);
    const calls: unknown[] = [];
    list.subscribe(({ rows, completeness }) => calls.push([rows.map(({ n }) => n), completeness]));
    world.settle();
    expect(calls.at(-1)).toEqual([[28, 26, 24], 'complete']);
    expect(world.server.rowsSent).toBe(4);
    expect(list.next()).toBe(true);
    expect(list.getSnapshot().completeness).toBe('partial');
    world.settle();
    expect(calls.at(-1)).toEqual([[22, 20, 18], 'complete']);
    world.server.put('items', 'k20', { n: 20, hit: false }, T + 100);
    world.settle();
    expect(calls.at(-1)).toEqual([[22, 18, 16], 'complete']);
    list.previous();
    world.settle();
    expect(calls.at(-1)).toEqual([[28, 26, 24], 'complete']);
    expect(flags(list)).toEqual([false, true]);
    expect(world.server.rowsSent).toBeLessThan(16);
  });

  it('[PAGE-1] elements of OR maps are told apart by tag', () => {
    const { client, realm } = local(0);
    realm.engine.openMap('tags', 'OR');
    for (const text of ['x', 'y', 'z', 'x', 'y']) realm.engine.orAdd('tags', 'k', text);
    const list = pages<string>(client, 'tags', { sort: { '': 'asc' }, pageSize: 2 });
    const seen: string[] = [];
    do seen.push(...list.getSnapshot().rows.map(({ value }) => value));
    while (list.next());
    expect(seen).toEqual(['x', 'x', 'y', 'y', 'z']);
  });
});
