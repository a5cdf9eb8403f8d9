import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PARTITION_COUNT, partitionOf } from '@topgun/core';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { commitOf, storedRecord } from '../contractRecords.js';
import { MemoryStore } from '../MemoryStore.js';
import type { CommitBatch, DedupRow, Store, StoreBoot, StoredRecord } from '../Store.js';
import { type BackupManifest, restoreStore } from './backupStore.js';
import { endStores, newFolder, newStore, openStore } from './testing/testStores.js';

const NOW = new Date('2026-11-21T12:00:00.000Z');
const KEYS = ['a', 'b', 'c', 'd', 'e', 'f'];

afterEach(endStores);

/** Everything of a store that is not its life: what was ever committed. */
async function contentOf(store: Store, { partitions, meta }: StoreBoot): Promise<unknown> {
  const records: StoredRecord[] = [];
  const dedup: DedupRow[] = [];
  for (let pid = 0; pid < PARTITION_COUNT; pid++) {
    await store.scan(pid, (record) => records.push(record));
    await store.scanDedup(pid, (row) => dedup.push(row));
  }
  const name = (row: StoredRecord): string => `${row.map}/${row.key}`;
  return {
    records: records.sort((a, b) => (name(a) < name(b) ? -1 : 1)),
    dedup: dedup.sort((a, b) => (a.session < b.session ? -1 : 1)),
    positions: [...partitions].sort(([a], [b]) => a - b),
    meta: [...meta].sort(([a], [b]) => (a < b ? -1 : 1)),
  };
}

/** A commit of every kind: writes, deletions, purges, dedup rows, facts. */
function commit(number: number): CommitBatch {
  const key = KEYS[number % KEYS.length] as string;
  const high = { epoch: 1, n: number };
  if (number % 11 === 10) {
    const gc = { floor: { t: number, node: 'a' }, offset: high };
    return { slices: [{ pid: partitionOf(key), high, gc, records: [], dedup: [] }], meta: [] };
  }
  const value = number % 5 === 4 ? undefined : { number, text: 'x'.repeat(number % 300) };
  const batch = commitOf([storedRecord({ key, value, t: number, n: number })]);
  const entry = {
    seq: number,
    outcome: 0 as const,
    t: number,
    node: 'a',
    epoch: 1,
    n: number,
    fingerprint: 7,
  };
  const dedup = [{ clientId: 'c', session: `s${number % 3}`, settledBelow: 0, entries: [entry] }];
  return {
    slices: batch.slices.map((slice) => ({ ...slice, dedup })),
    meta: number % 4 === 0 ? [{ name: `map:m${number % 8}`, value: { kind: 'LWW', number } }] : [],
  };
}

const reaches = ({ positions }: BackupManifest, pid: number, n: number): boolean =>
  positions.some(([at, epoch, reached]) => at === pid && (epoch > 1 || reached >= n));

describe('backup of an open store', () => {
  it('[BAK-1] [BAK-8] holds all commits up to its point and nothing after, while commits and foldings go on', async () => {
    let during = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: 40 }),
        fc.nat({ max: 60 }),
        fc.boolean(),
        async (before, pause, folds) => {
          const folder = await newFolder();
          const store = await openStore(folder, folds ? { compactLogBytes: 2_000 } : {});
          const made: CommitBatch[] = [];
          const write = async (): Promise<void> => {
            const batch = commit(made.length + 1);
            made.push(batch);
            expect(await store.commit(batch)).toBe('committed');
          };
          for (let i = 0; i < before; i++) await write();
          const to = join(await newFolder(), 'copy');
          let isDone = false;
          const backup = store.backup(to, NOW).finally(() => {
            isDone = true;
          });
          while (!isDone) await write();
          for (let i = 0; i < pause; i++) await write();
          const manifest = await backup;
          // Commits are stored one after the other, so the point lies behind one of them.
          const inIt = made.filter(({ slices: [slice] }) =>
            reaches(manifest, slice?.pid ?? 0, slice?.high.n ?? 0),
          );
          const last = made.indexOf(inIt.at(-1) as CommitBatch) + 1;
          expect(last).toBeGreaterThanOrEqual(before);
          during += made.length - pause - before;
          const model = new MemoryStore();
          for (const batch of made.slice(0, last)) await model.commit(batch);
          const restored = await newFolder();
          await restoreStore(to, restored, NOW);
          const copy = newStore(restored);
          const boot = await copy.open();
          expect(await contentOf(copy, boot)).toEqual(await contentOf(model, await model.open()));
          expect(manifest.positions.map(([pid, epoch, n]) => [pid, { epoch, n }])).toEqual(
            [...boot.partitions].sort(([a], [b]) => a - b),
          );
        },
      ),
      { numRuns: 15 },
    );
    // [BAK-2] Commits did go on.
    expect(during).toBeGreaterThan(15);
  });

  it('[BAK-3] [BAK-4] a damaged row is found in the copy, and no backup is left', async () => {
    const folder = await newFolder();
    const store = await openStore(folder);
    await store.commit(commitOf([storedRecord({ key: 'k', value: 'a value that is easy to find' })]));
    const data = join(folder, 'data.mdb');
    const bytes = await readFile(data);
    const at = bytes.indexOf('easy to find');
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    await writeFile(data, bytes);
    const root = await newFolder();
    await expect(store.backup(join(root, 'copy'), NOW)).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
    expect(await readdir(root)).toEqual([]);
  });

  it('[BAK-3] a store that closes in the middle leaves no backup', async () => {
    const store = await openStore(await newFolder());
    await store.commit(commitOf([storedRecord({ key: 'k' })]));
    const root = await newFolder();
    const backup = store.backup(join(root, 'copy'), NOW);
    const refused = expect(backup).rejects.toMatchObject({ code: 'SERVER_STATE' });
    await store.close();
    await refused;
    expect(await readdir(root)).toEqual([]);
  });
});
