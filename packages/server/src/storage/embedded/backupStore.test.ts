import { cp, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { commitOf, storedRecord } from '../describeServerStorage.js';
import type { StoreBoot } from '../Store.js';
import { backupStore, readIncarnation, restoreStore } from './backupStore.js';
import { EmbeddedStore } from './EmbeddedStore.js';

const VALUE = 'a value that is easy to find';
const NOW = new Date('2026-11-21T12:00:00.000Z');
let root = '';
let folder = '';

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'topgun-backup-'));
  folder = join(root, 'data');
});
afterEach(() => rm(root, { recursive: true }));

/** Opens the store for as long as `work` takes. */
async function withStore<T>(
  at: string,
  work: (store: EmbeddedStore, boot: StoreBoot) => Promise<T>,
): Promise<T> {
  const store = new EmbeddedStore({ folder: at });
  try {
    return await work(store, await store.open());
  } finally {
    await store.close();
  }
}

const put = (at: string, ...keys: string[]): Promise<string> =>
  withStore(at, async (store, boot) => {
    for (const [i, key] of keys.entries())
      await store.commit(commitOf([storedRecord({ key, value: VALUE, t: 1000 + i, n: i + 1 })]));
    return boot.incarnation;
  });

const keysIn = (at: string): Promise<string[]> =>
  withStore(at, async (store) => {
    const keys: string[] = [];
    for (let pid = 0; pid < 271; pid++) await store.scan(pid, ({ key }) => keys.push(key));
    return keys.sort();
  });

const lifeOf = (at: string): Promise<StoreBoot> => withStore(at, async (_store, boot) => boot);

const failure = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no error',
    (error: { code?: unknown }) => error.code,
  );

describe('backup and restore of the embedded store', () => {
  it('[INC-1] brings back what was there, as a new incarnation, and keeps what it replaced', async () => {
    const first = await put(folder, 'a', 'b');
    const manifest = await backupStore(folder, join(root, 'copy'), NOW);
    expect(manifest).toMatchObject({ incarnation: first, commits: 2, takenAt: NOW.toISOString() });
    await put(folder, 'later');
    const report = await restoreStore(join(root, 'copy'), folder, NOW);
    expect(await readIncarnation(folder)).toBe(report.incarnation);
    expect(report.incarnation).not.toBe(first);
    const boot = await lifeOf(folder);
    expect([boot.incarnation, boot.renewedFrom]).toEqual([report.incarnation, first]);
    expect(await keysIn(folder)).toEqual(['a', 'b']);
    // From now on it is at home.
    expect(await lifeOf(folder)).toMatchObject({ incarnation: report.incarnation });
    expect((await lifeOf(folder)).renewedFrom).toBeUndefined();
    // The data that was replaced is whole.
    const again = join(root, 'again');
    await cp(folder, again, { recursive: true });
    await rename(report.replaced?.replace(folder, again) ?? '', join(again, 'data.mdb'));
    expect(await keysIn(again)).toEqual(['a', 'b', 'later']);
  });

  it('[INC-1] [BAK-1] brings back values that fill pages of their own, and what is written on top of them', async () => {
    const large = (i: number): string => String(i).repeat(30_000);
    const fill = (at: string, keys: readonly string[]): Promise<void> =>
      withStore(at, async (store) => {
        for (const [i, key] of keys.entries())
          await store.commit(commitOf([storedRecord({ key, value: large(i), t: 1000 + i, n: i + 1 })]));
        await store.compact();
        for (const [i, key] of keys.entries())
          await store.commit(commitOf([storedRecord({ key, value: large(i + 1), t: 2000 + i, n: i + 9 })]));
      });
    await fill(folder, ['a', 'b', 'c']);
    await backupStore(folder, join(root, 'copy'), NOW);
    await restoreStore(join(root, 'copy'), folder, NOW);
    await fill(folder, ['d', 'e']);
    await backupStore(folder, join(root, 'second'), NOW);
    await restoreStore(join(root, 'second'), folder, new Date(NOW.getTime() + 1_000));
    expect(await keysIn(folder)).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('[INC-1] restores into a folder that does not exist yet', async () => {
    await put(folder, 'a');
    await withStore(folder, (store) => store.compact());
    await backupStore(folder, join(root, 'copy'), NOW);
    const report = await restoreStore(join(root, 'copy'), join(root, 'new', 'place'), NOW);
    expect(report.replaced).toBeUndefined();
    expect(await keysIn(join(root, 'new', 'place'))).toEqual(['a']);
  });

  it('[INC-1] a start and a kill are no new life; a copy of the folder is, and so is an older data file', async () => {
    const first = await put(folder, 'a');
    expect(await put(folder, 'b')).toBe(first);
    await cp(folder, join(root, 'copy'), { recursive: true });
    const copied = await lifeOf(join(root, 'copy'));
    expect(copied.incarnation).not.toBe(first);
    expect(copied.renewedFrom).toBe(first);
    expect((await lifeOf(folder)).incarnation).toBe(first);
    const old = await readFile(join(folder, 'data.mdb'));
    await put(folder, 'c');
    await writeFile(join(folder, 'data.mdb'), old);
    const set = await lifeOf(folder);
    expect([set.renewedFrom, set.incarnation === first]).toEqual([first, false]);
  });

  it('[INC-2] a life that was begun while the store was open is there at the next start', async () => {
    const renewed = await withStore(folder, (store) => store.renew());
    const boot = await lifeOf(folder);
    expect([boot.incarnation, boot.renewedFrom]).toEqual([renewed, undefined]);
  });

  it('[INC-1] a folder that was moved on its disk lives on', async () => {
    const first = await put(folder, 'a');
    await rename(folder, join(root, 'moved'));
    expect((await lifeOf(join(root, 'moved'))).incarnation).toBe(first);
  });

  it('[INC-1] refuses while a server has the folder, and changes nothing', async () => {
    await put(folder, 'a');
    await backupStore(folder, join(root, 'copy'), NOW);
    await withStore(folder, async () => {
      expect(await failure(backupStore(folder, join(root, 'other'), NOW))).toBe('STORE_LOCKED');
      expect(await failure(restoreStore(join(root, 'copy'), folder, NOW))).toBe('STORE_LOCKED');
    });
    expect((await readdir(root)).sort()).toEqual(['copy', 'data']);
  });

  it('[INC-1] never overwrites a backup, and makes none of what is no store', async () => {
    expect(await failure(backupStore(folder, join(root, 'copy'), NOW))).toBe('STORE_MISSING');
    expect(await readdir(root)).toEqual([]);
    await put(folder, 'a');
    await backupStore(folder, join(root, 'copy'), NOW);
    expect(await failure(backupStore(folder, join(root, 'copy'), NOW))).toBe('BACKUP_EXISTS');
  });

  it('[D10] a damaged store is not backed up, and a damaged backup is not restored', async () => {
    await put(folder, 'a');
    const before = await lifeOf(folder);
    await backupStore(folder, join(root, 'copy'), NOW);
    const data = await readFile(join(root, 'copy', 'data.mdb'));
    data[data.length - 100] = (data[data.length - 100] ?? 0) ^ 4;
    await writeFile(join(root, 'copy', 'data.mdb'), data);
    expect(await failure(restoreStore(join(root, 'copy'), folder, NOW))).toBe('BACKUP_INVALID');
    expect(await failure(restoreStore(root, folder, NOW))).toBe('BACKUP_INVALID');
    expect((await lifeOf(folder)).incarnation).toBe(before.incarnation);
    expect(await keysIn(folder)).toEqual(['a']);
    await flipIn(join(folder, 'data.mdb'), VALUE);
    expect(await failure(backupStore(folder, join(root, 'other'), NOW))).toBe('STORE_CORRUPT');
    expect((await readdir(root)).sort()).toEqual(['copy', 'data']);
  });

  it('[INC-1] a restore that was killed left the store as it was, and the next one clears up after it', async () => {
    await put(folder, 'a');
    await backupStore(folder, join(root, 'copy'), NOW);
    await put(folder, 'b');
    await cp(join(root, 'copy'), join(folder, 'restoring.killed'), { recursive: true });
    expect(await keysIn(folder)).toEqual(['a', 'b']);
    await restoreStore(join(root, 'copy'), folder, NOW);
    expect(await keysIn(folder)).toEqual(['a']);
    expect((await readdir(folder)).filter((name) => name.startsWith('restoring'))).toEqual([]);
  });
});

/** Turns one bit wherever a text stands in the file. */
async function flipIn(path: string, text: string): Promise<void> {
  const bytes = await readFile(path);
  expect(bytes.includes(text)).toBe(true);
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1))
    bytes[at] = (bytes[at] ?? 0) ^ 4;
  await writeFile(path, bytes);
}
