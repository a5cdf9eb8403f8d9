import 'fake-indexeddb/auto';
import type { StoreKey } from '@topgun/client';
import * as LIMITS from '@topgun/protocol/limits';
import fc from 'fast-check';
import { openDB, unwrap } from 'idb';
import { describe, expect, it, vi } from 'vitest';
import { compareStoreKeys } from '../keys/compareStoreKeys.js';
import { type ChunkDatabase, type Group, LOG, SNAPSHOT } from './chunks.js';
import { compact } from './compact.js';
import { IDBAdapter } from './IDBAdapter.js';

let stores = 0;

const key = fc
  .tuple(fc.constantFrom('base', 'op', ''), fc.array(fc.constantFrom('a', 'b', 'c\0', ''), { maxLength: 3 }))
  .map(([table, rest]): StoreKey => [table, ...rest]);

type Step =
  | {
      readonly do: 'tx';
      readonly tab: number;
      readonly puts: (readonly [StoreKey, number])[];
      readonly deletes: StoreKey[];
    }
  | { readonly do: 'compact'; readonly transactions: number }
  | { readonly do: 'wipe'; readonly tab: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('tx' as const),
      tab: fc.nat(1),
      puts: fc.array(fc.tuple(key, fc.nat(99)), { maxLength: 12 }),
      deletes: fc.array(key, { maxLength: 3 }),
    }),
  },
  // Some come to their end, others are cut off by the death of their tab after so many transactions.
  { weight: 4, arbitrary: fc.record({ do: fc.constant('compact' as const), transactions: fc.nat(6) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wipe' as const), tab: fc.nat(1) }) },
);

/** Small limits, so that a few rows make many chunks and slices. */
const limit = (name: keyof typeof LIMITS, value: number): void => {
  vi.spyOn(LIMITS, name, 'get').mockReturnValue(value as never);
};

/** A connection of a tab that dies before its n-th transaction. */
async function dyingTab(store: string, transactions: number): Promise<ChunkDatabase> {
  const db: ChunkDatabase = await openDB(store);
  const connection = unwrap(db);
  let left = transactions;
  const transaction = connection.transaction.bind(connection);
  vi.spyOn(connection, 'transaction').mockImplementation((...args) => {
    if (left-- === 0) throw new DOMException('the tab is gone', 'InvalidStateError');
    return transaction(...args);
  });
  return db;
}

async function rowsOf(adapter: IDBAdapter, prefix: StoreKey): Promise<(readonly [StoreKey, unknown])[]> {
  const rows: (readonly [StoreKey, unknown])[] = [];
  await adapter.iterate(prefix, (...row) => rows.push(row));
  return rows;
}

describe('compaction', () => {
  it('[CST-29] with other tabs writing, compacting, wiping and dying at any moment, never changes what is read', async () => {
    limit('storeRowsPerChunk', 3);
    limit('rowsPerSlice', 4);
    limit('storeChunksPerRead', 3);
    limit('storeRowsPerRead', 5);
    limit('logRowsMin', 200);
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        stores += 1;
        const store = `compaction-${stores}`;
        const tabs = [new IDBAdapter(), new IDBAdapter()] as const;
        for (const tab of tabs) await tab.open(store);
        const model = new Map<string, readonly [StoreKey, number]>();
        let commit = 0;
        const running: Promise<unknown>[] = [];
        const dying: ChunkDatabase[] = [];
        for (const [i, action] of steps.entries()) {
          if (action.do === 'compact') {
            const db = await dyingTab(store, action.transactions);
            dying.push(db);
            // Not awaited: it goes on beside what follows.
            running.push(compact(db).catch((error: Error) => expect(error.message).toBe('the tab is gone')));
          } else if (action.do === 'wipe') {
            await tabs[action.tab]?.wipe();
            model.clear();
            commit += 1;
          } else {
            const puts = action.puts.map(([k, value]) => [k, value] as const);
            expect(await tabs[action.tab]?.tx({ puts, deletes: action.deletes })).toBe(++commit);
            for (const row of puts) model.set(JSON.stringify(row[0]), row);
            for (const k of action.deletes) model.delete(JSON.stringify(k));
          }
          const expected = [...model.values()].sort(([a], [b]) => compareStoreKeys(a, b));
          expect(await rowsOf(tabs[i % 2 === 0 ? 0 : 1], [])).toEqual(expected);
          const below = expected.filter(([k]) => k[0] === 'base' && k[1] === 'a');
          expect(await rowsOf(tabs[0], ['base', 'a'])).toEqual(below);
        }
        await Promise.all(running);
        for (const db of [...dying]) db.close();
        expect(await tabs[0].tx({ puts: [], deletes: [] })).toBe(commit + 1);
        for (const tab of tabs) await tab.close();
      }),
      { numRuns: 60 },
    );
  });

  it('[CST-29] leaves few chunks in key order, of bounded size, and of the log the commit number alone', async () => {
    const adapter = new IDBAdapter();
    await adapter.open('tidy');
    const rows = Array.from(
      { length: 10_000 },
      (_, i) => [['base', 'm', `${(i * 7919) % 10_000}`], i] as const,
    );
    for (let i = 0; i < rows.length; i += 500)
      await adapter.tx({ puts: rows.slice(i, i + 500), deletes: [] });
    const db: ChunkDatabase = await openDB('tidy');
    await compact(db);
    const chunks = (await db.getAll(SNAPSHOT, IDBKeyRange.lowerBound([]))) as Group[][];
    expect(await db.getAllKeys(LOG)).toEqual([20]);
    db.close();
    const sizes = chunks.map((groups) => groups.reduce((sum, [, tails]) => sum + tails.length, 0));
    expect(sizes.reduce((a, b) => a + b)).toBe(10_000);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(LIMITS.storeRowsPerChunk);
    expect(chunks.length).toBeLessThan(100);
    expect(await adapter.get(['base', 'm', '7919'])).toBe(1);
    await adapter.close();
  });

  it('[CST-29] begins by itself when reading the log has become dear', async () => {
    const adapter = new IDBAdapter();
    await adapter.open('by-itself');
    const logLength = async (): Promise<number> => {
      const db: ChunkDatabase = await openDB('by-itself');
      const count = await db.count(LOG);
      db.close();
      return count;
    };
    const needed = Math.ceil(LIMITS.logRowsMin / (LIMITS.logChunkCostRows + 1));
    for (let i = 0; i < needed - 1; i++) await adapter.tx({ puts: [[['k', `${i}`], i]], deletes: [] });
    expect(await logLength()).toBe(needed - 1);
    await adapter.tx({ puts: [[['k', 'last'], 0]], deletes: [] });
    await vi.waitFor(async () => expect(await logLength()).toBe(1), { timeout: 20_000 });
    await adapter.close();
  });
});
