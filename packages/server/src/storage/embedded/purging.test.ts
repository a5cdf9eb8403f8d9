import { cp } from 'node:fs/promises';
import { partitionOf } from '@topgun/core';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { commitOf, purgeOf, storedRecord } from '../contractRecords.js';
import { MemoryStore } from '../MemoryStore.js';
import type { CommitBatch, Store, StoredRecord } from '../Store.js';
import { endStores, newFolder, openStore } from './testing/testStores.js';

const PID = partitionOf('{p}');

afterEach(endStores);

async function contentOf(store: Store): Promise<unknown> {
  const records: StoredRecord[] = [];
  await store.scan(PID, (record) => records.push(record));
  return records.sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** Commits of a partition whose times rise with their offsets, as an engine makes them behind its floor. */
function* history(
  steps: readonly (readonly [key: number, step: 'put' | 'remove' | 'purge'])[],
): Generator<CommitBatch> {
  let n = 0;
  for (const [key, step] of steps) {
    n++;
    const value = step === 'put' ? { n, text: 'x'.repeat(key * 20) } : undefined;
    if (step === 'purge') yield purgeOf('{p}', Math.max(0, n - 1 - (key % 3)), n * 10);
    else yield commitOf([storedRecord({ key: `{p}${key}`, t: n * 10, value, n })]);
  }
}

describe('purging in the embedded store', () => {
  it('[STO-25] commits, purges, foldings and openings in any order keep it equal to a store in memory', async () => {
    const step = fc.tuple(
      fc.nat({ max: 9 }),
      fc.constantFrom('put' as const, 'remove' as const, 'purge' as const),
    );
    const turn = fc.constantFrom('go' as const, 'go' as const, 'compact' as const, 'reopen' as const);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(step, turn), { maxLength: 30 }), async (list) => {
        const folder = await newFolder();
        const model = new MemoryStore();
        let store = await openStore(folder);
        let at = 0;
        for (const batch of history(list.map(([made]) => made))) {
          await model.commit(batch);
          await store.commit(batch);
          const [, then] = list[at++] as (typeof list)[number];
          if (then === 'compact') await store.compact();
          if (then === 'reopen') {
            await store.close();
            store = await openStore(folder);
          }
        }
        expect(await contentOf(store)).toEqual(await contentOf(model));
      }),
      { numRuns: 25 },
    );
  });

  it('[STO-25] [STO-17] a process killed at any moment of the folding finds neither more nor less than was purged', async () => {
    const folder = await newFolder();
    const copies: string[] = [];
    const model = new MemoryStore();
    const store = await openStore(folder, {
      compactSliceMs: 0,
      beforeCompactionSlice: async () => {
        const copy = await newFolder();
        await cp(folder, copy, { recursive: true });
        copies.push(copy);
      },
    });
    const steps = Array.from({ length: 240 }, (_, i) => {
      return [i % 40, i % 17 === 16 ? 'purge' : i % 3 === 2 ? 'remove' : 'put'] as const;
    });
    let made = 0;
    for (const batch of history(steps)) {
      await store.commit(batch);
      await model.commit(batch);
      // A snapshot that holds what later commits delete and purge.
      if (++made === 100) await store.compact();
    }
    copies.length = 0;
    await store.compact();
    const expected = await contentOf(model);
    expect(await contentOf(store)).toEqual(expected);
    expect(copies.length).toBeGreaterThan(2);
    for (const copy of copies) expect(await contentOf(await openStore(copy))).toEqual(expected);
  });

  it('[STO-26] [G3] folding takes the bytes of purged deletions off the disk, also in chunks that nothing else changed', async () => {
    const store = await openStore(await newFolder());
    const rows = Array.from({ length: 4_000 }, (_, i) => {
      return storedRecord({ key: `{p}${'k'.repeat(100)}${i}`, value: undefined, n: i + 1 });
    });
    await store.commit(commitOf(rows));
    await store.compact();
    const full = store.sizes().snapshotBytes;
    expect(full).toBeGreaterThan(400_000);
    await store.commit(purgeOf('{p}', 4_000, 1_000));
    await store.compact();
    expect(store.sizes().snapshotBytes).toBeLessThan(10_000);
    expect(await contentOf(store)).toEqual([]);
  });
});
