import { afterEach, describe, expect, it } from 'vitest';
import type { IStorageAdapter, StoreKey } from './storage/IStorageAdapter.js';

/** Values that a store has to bring back exactly: every type a map admits, and the edges of each. */
const roundTripValues: readonly unknown[] = [
  '',
  'text \u0000 \u{1f600} \u2028',
  0,
  1.5,
  -7,
  Number.MAX_SAFE_INTEGER,
  true,
  false,
  null,
  2n ** 63n - 1n,
  -(2n ** 63n),
  new Date(0),
  new Date('2026-01-18T12:00:00.123Z'),
  new Uint8Array([0, 127, 255]),
  [],
  {},
  [1, [2, [3, null]]],
  { nested: { list: [1, 'b', { deep: new Date(1) }], bytes: new Uint8Array(3), none: null } },
];

/** Keys that naive encodings mix up or sort wrongly, in the order a store has to keep. */
const hostileKeys: readonly StoreKey[] = [
  [''],
  ['', ''],
  ['\0'],
  ['\0', 'a'],
  ['\0\0'],
  ['\0\u0001'],
  ['\u0001'],
  ['A'],
  ['a'],
  ['a', ''],
  ['a', '\0'],
  ['a', 'b'],
  ['a', 'b', 'c', 'd', 'e', 'f'],
  ['a', 'b:c'],
  ['a', 'ba'],
  ['a\0'],
  ['a\0b'],
  ['a:b'],
  ['ab'],
  ['b'],
  ['\u00e4'],
  ['\u{1f600}'],
  ['\uffff'],
];

const codeOf = async (promise: Promise<unknown>): Promise<unknown> => {
  try {
    await promise;
    return 'no error';
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
};

/**
 * Registers the contract of `IStorageAdapter` as vitest tests; an adapter that passes works under the client.
 *
 * `factory` makes a new adapter that is not open. Adapters it makes must share stores by name.
 *
 * ```ts
 * describeClientStorage('MyAdapter', () => new MyAdapter());
 * ```
 */
export function describeClientStorage(
  name: string,
  factory: () => IStorageAdapter | Promise<IStorageAdapter>,
): void {
  describe(`${name} as client storage`, () => {
    const opened: IStorageAdapter[] = [];
    let stores = 0;

    const make = async (): Promise<IStorageAdapter> => {
      const adapter = await factory();
      opened.push(adapter);
      return adapter;
    };
    const openFresh = async (): Promise<{ adapter: IStorageAdapter; store: string }> => {
      stores += 1;
      const store = `conformance-${name}-${stores}`;
      const adapter = await make();
      await adapter.open(store);
      await adapter.wipe();
      return { adapter, store };
    };
    const openAgain = async (store: string): Promise<IStorageAdapter> => {
      const adapter = await make();
      await adapter.open(store);
      return adapter;
    };
    const read = async (
      adapter: IStorageAdapter,
      prefix: StoreKey = [],
    ): Promise<(readonly [StoreKey, unknown])[]> => {
      const rows: (readonly [StoreKey, unknown])[] = [];
      await adapter.iterate(prefix, (key, value) => rows.push([key, value]));
      return rows;
    };
    const keysOf = async (adapter: IStorageAdapter, prefix: StoreKey): Promise<StoreKey[]> =>
      (await read(adapter, prefix)).map(([key]) => key);

    afterEach(async () => {
      for (const adapter of opened.splice(0)) await adapter.close();
    });

    it('[CST-1] opening twice does nothing, another name is refused', async () => {
      const { adapter, store } = await openFresh();
      await adapter.tx({ puts: [[['k'], 1]], deletes: [] });
      await adapter.open(store);
      expect(await adapter.get(['k'])).toBe(1);
      expect(await codeOf(adapter.open(`${store}-other`))).toBe('STORAGE_UNAVAILABLE');
    });

    it('[CST-2] calls made while the store opens wait for it and keep their order', async () => {
      const { adapter: first, store } = await openFresh();
      await first.close();
      const adapter = await make();
      const opening = adapter.open(store);
      const commits = [1, 2, 3].map((value) => adapter.tx({ puts: [[['k'], value]], deletes: [] }));
      const value = adapter.get(['k']);
      await opening;
      const [one = 0, two, three] = await Promise.all(commits);
      expect([two, three]).toEqual([one + 1, one + 2]);
      expect(await value).toBe(3);
    });

    it('[CST-3] a transaction is all or nothing', async () => {
      const { adapter } = await openFresh();
      const before = await adapter.tx({ puts: [[['kept'], 1]], deletes: [] });
      const uncloneable = (): void => undefined;
      const batch = { puts: [[['a'], 1] as const, [['b'], uncloneable] as const], deletes: [['kept']] };
      expect(await codeOf(adapter.tx(batch))).toBe('STORAGE_VALUE');
      expect(await read(adapter)).toEqual([[['kept'], 1]]);
      expect(await adapter.iterate([], () => undefined)).toBe(before);
    });

    it('[CST-4] puts apply in order, then deletes', async () => {
      const { adapter } = await openFresh();
      await adapter.tx({ puts: [[['gone'], 0]], deletes: [] });
      await adapter.tx({
        puts: [
          [['a'], 1],
          [['a'], 2],
          [['both'], 1],
        ],
        deletes: [['both'], ['gone'], ['never']],
      });
      expect(await read(adapter)).toEqual([[['a'], 2]]);
    });

    it('[CST-5] the commit number rises by one per transaction, shared by all adapters on the store', async () => {
      const { adapter, store } = await openFresh();
      const other = await openAgain(store);
      const first = await adapter.tx({ puts: [], deletes: [] });
      expect(await other.tx({ puts: [[['k'], 1]], deletes: [] })).toBe(first + 1);
      expect(await adapter.tx({ puts: [], deletes: [['k']], durability: 'strict' })).toBe(first + 2);
      expect(await other.iterate([], () => undefined)).toBe(first + 2);
      const many = await Promise.all(
        Array.from({ length: 20 }, (_, i) => [adapter, other][i % 2]?.tx({ puts: [], deletes: [] })),
      );
      expect(new Set(many)).toEqual(new Set(Array.from({ length: 20 }, (_, i) => first + 3 + i)));
    });

    it('[CST-6] an absent key is undefined', async () => {
      const { adapter } = await openFresh();
      expect(await adapter.get(['nothing', 'here'])).toBeUndefined();
    });

    it('[CST-7] values come back exactly', async () => {
      const { adapter, store } = await openFresh();
      await adapter.tx({
        puts: roundTripValues.map((value, i) => [['v', `${i}`], value] as const),
        deletes: [],
      });
      const again = await openAgain(store);
      for (const [i, value] of roundTripValues.entries()) {
        expect(await again.get(['v', `${i}`])).toStrictEqual(value);
      }
    });

    it('[CST-8] values are copied on the way in and out', async () => {
      const { adapter } = await openFresh();
      const value = { list: [1] };
      await adapter.tx({ puts: [[['k'], value]], deletes: [] });
      value.list.push(2);
      const out = (await adapter.get(['k'])) as { list: number[] };
      out.list.push(3);
      await adapter.iterate(['k'], (_, visited) => (visited as { list: number[] }).list.push(4));
      expect(await adapter.get(['k'])).toEqual({ list: [1] });
    });

    it('[CST-9] rows are visited in key order, by segment and code unit', async () => {
      const { adapter } = await openFresh();
      const shuffled = [...hostileKeys].sort(
        (a, b) => ((a.join('#').length * 7) % 5) - ((b.join('#').length * 7) % 5),
      );
      await adapter.tx({ puts: shuffled.map((key, i) => [key, i] as const), deletes: [] });
      expect(await keysOf(adapter, [])).toEqual(hostileKeys);
    });

    it('[CST-10] a prefix takes whole segments, itself included', async () => {
      const { adapter } = await openFresh();
      await adapter.tx({ puts: hostileKeys.map((key) => [key, 0] as const), deletes: [] });
      for (const prefix of hostileKeys) {
        const expected = hostileKeys.filter((key) => prefix.every((segment, i) => key[i] === segment));
        expect(await keysOf(adapter, prefix)).toEqual(expected);
      }
    });

    it('[CST-11] iterate shows one snapshot and the commit number of it', async () => {
      const { adapter } = await openFresh();
      const keys = Array.from({ length: 5_000 }, (_, i) => ['big', `${i}`.padStart(6, '0')]);
      await adapter.tx({ puts: keys.map((key) => [key, 'old'] as const), deletes: [] });
      const seen: unknown[] = [];
      const reading = adapter.iterate(['big'], (_, value) => seen.push(value));
      const writing = adapter.tx({ puts: keys.map((key) => [key, 'new'] as const), deletes: [] });
      const [saw, wrote] = await Promise.all([reading, writing]);
      expect(seen).toHaveLength(keys.length);
      expect(new Set(seen)).toEqual(new Set([saw < wrote ? 'old' : 'new']));
    });

    it('[CST-12] what was committed is there for the next adapter, and for the next opening', async () => {
      const { adapter, store } = await openFresh();
      const commit = await adapter.tx({ puts: [[['k'], 'v']], deletes: [] });
      await adapter.close();
      const next = await openAgain(store);
      expect(await read(next)).toEqual([[['k'], 'v']]);
      expect(await next.tx({ puts: [], deletes: [] })).toBe(commit + 1);
    });

    it('[CST-13] wipe leaves no row and does not turn the commit number back', async () => {
      const { adapter } = await openFresh();
      const commit = await adapter.tx({ puts: [[['k'], 1]], deletes: [] });
      await adapter.wipe();
      expect(await read(adapter)).toEqual([]);
      expect(await adapter.tx({ puts: [], deletes: [] })).toBe(commit + 2);
    });

    it('[CST-13] wipe puts rows in the place of all others, as one commit that the next opening finds', async () => {
      const { adapter, store } = await openFresh();
      const rows = Array.from({ length: 300 }, (_, n) => [['t', `k${n}`], n] as const);
      const commit = await adapter.tx({ puts: rows, deletes: [] });
      const wiped = adapter.wipe([
        [['t', 'k7'], 'new'],
        [['x'], { y: 1 }],
      ]);
      // Asked for behind it, and seen behind it.
      const behind = adapter.tx({ puts: [[['z'], 2]], deletes: [] });
      await wiped;
      expect(await behind).toBe(commit + 2);
      const left = [
        [['t', 'k7'], 'new'],
        [['x'], { y: 1 }],
        [['z'], 2],
      ];
      expect(await read(adapter)).toEqual(left);
      await adapter.close();
      expect(await read(await openAgain(store))).toEqual(left);
    });

    it('[CST-13] a wipe that is refused leaves everything as it was', async () => {
      const { adapter } = await openFresh();
      await adapter.tx({ puts: [[['k'], 1]], deletes: [] });
      expect(await codeOf(adapter.wipe([[[], 1]]))).toBe('STORAGE_KEY');
      expect(await read(adapter)).toEqual([[['k'], 1]]);
    });

    it('[CST-14] a store that is not open, or closed, refuses with STORAGE_CLOSED', async () => {
      const unopened = await make();
      expect(await codeOf(unopened.get(['k']))).toBe('STORAGE_CLOSED');
      const { adapter } = await openFresh();
      await adapter.close();
      expect(await codeOf(adapter.tx({ puts: [], deletes: [] }))).toBe('STORAGE_CLOSED');
      expect(await codeOf(adapter.iterate([], () => undefined))).toBe('STORAGE_CLOSED');
    });

    it('[CST-15] a key of no or seven segments is refused with STORAGE_KEY and nothing is stored', async () => {
      const { adapter } = await openFresh();
      const seven = ['1', '2', '3', '4', '5', '6', '7'];
      for (const key of [[], seven]) {
        expect(
          await codeOf(
            adapter.tx({
              puts: [
                [['k'], 1],
                [key, 1],
              ],
              deletes: [],
            }),
          ),
        ).toBe('STORAGE_KEY');
        expect(await codeOf(adapter.tx({ puts: [], deletes: [key] }))).toBe('STORAGE_KEY');
      }
      expect(await read(adapter)).toEqual([]);
    });

    it('[CST-16] estimate tells bytes used and allowed, or nothing', async () => {
      const { adapter } = await openFresh();
      const estimate = await adapter.estimate();
      if (estimate !== undefined) {
        expect(estimate.usageBytes).toBeGreaterThanOrEqual(0);
        expect(estimate.quotaBytes).toBeGreaterThan(0);
      }
    });
  });
}
