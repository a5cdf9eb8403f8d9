import { copyFile, cp, mkdtemp, open, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TopGunError } from '@topgun/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commitOf, storedRecord } from '../describeServerStorage.js';
import { EmbeddedStore } from './EmbeddedStore.js';

const PAGE = 4096;

/** A store in the middle of its life: a snapshot of small and large chunks, and a log after it. */
const home = { folder: '', before: '', pages: 0, content: '' };

async function write(store: EmbeddedStore, from: number, count: number): Promise<void> {
  for (let i = from; i < from + count; i++) {
    const pad = 'p'.repeat(i % 5 === 0 ? 9000 : 40);
    const record = storedRecord({ key: `key-${i % 40}`, t: i, n: i + 1, value: { i, pad } });
    await store.commit(commitOf([record], { meta: [{ name: 'clock', value: i }] }));
  }
}

/** Everything that a server reads at its start, as text. Throws what the store throws. */
async function readAll(folder: string): Promise<string> {
  const store = new EmbeddedStore({ folder });
  try {
    const { partitions, gc, meta } = await store.open();
    const found: unknown[] = [[...partitions], [...gc], [...meta]];
    for (let pid = 0; pid < 271; pid++) {
      await store.scan(pid, (record) => found.push(record));
      await store.scanDedup(pid, (row) => found.push(row));
    }
    return found
      .map((one) => JSON.stringify(one))
      .sort()
      .join('\n');
  } finally {
    await store.close();
  }
}

/** What comes of a store whose data file was damaged: refused, served as it was, or served as something else. */
async function outcomeOf(
  damage: (file: string) => Promise<void>,
): Promise<'refused' | 'as it was' | 'WRONG'> {
  const folder = await mkdtemp(join(tmpdir(), 'topgun-damaged-'));
  try {
    // With the note of its home, so that it does not begin a new life.
    await cp(home.folder, folder, { recursive: true, preserveTimestamps: true });
    await damage(join(folder, 'data.mdb'));
    return (await readAll(folder)) === home.content ? 'as it was' : 'WRONG';
  } catch (error) {
    if (!(error instanceof TopGunError) || error.code !== 'STORE_CORRUPT') throw error;
    expect(error.remedy).toMatch(/backup/i);
    return 'refused';
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function overwrite(file: string, at: number, bytes: Uint8Array): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    await handle.write(bytes, 0, bytes.length, at);
  } finally {
    await handle.close();
  }
}

beforeAll(async () => {
  home.folder = await mkdtemp(join(tmpdir(), 'topgun-sound-'));
  home.before = `${home.folder}.before`;
  const store = new EmbeddedStore({ folder: home.folder });
  await store.open();
  await write(store, 0, 60);
  await store.compact();
  await write(store, 60, 15);
  await copyFile(join(home.folder, 'data.mdb'), home.before);
  await write(store, 75, 15);
  await store.close();
  home.content = await readAll(home.folder);
  home.pages = (await readFile(join(home.folder, 'data.mdb'))).length / PAGE;
});

afterAll(async () => {
  await rm(home.folder, { recursive: true });
  await rm(home.before);
});

/** What comes of the damage of each page but the first two, by outcome. */
async function eachPage(
  damage: (page: number) => ((file: string) => Promise<void>) | undefined,
): Promise<Record<string, number[]>> {
  const pages: Record<string, number[]> = { refused: [], 'as it was': [], WRONG: [] };
  for (let page = 2; page < home.pages; page++) {
    const how = damage(page);
    if (how !== undefined) pages[await outcomeOf(how)]?.push(page);
  }
  return pages;
}

describe('[D10] [STO-20] a damaged data file is found at the start and never served', () => {
  it('when it was cut short anywhere', async () => {
    const { refused, WRONG } = await eachPage((page) => (file) => truncate(file, page * PAGE));
    expect(WRONG).toEqual([]);
    expect(refused?.length).toBeGreaterThan(home.pages / 2);
    expect(await outcomeOf((file) => truncate(file, PAGE + 100))).toBe('refused');
    expect(await outcomeOf((file) => truncate(file, 10))).toBe('refused');
  });

  it('when a page was overwritten with zeros', async () => {
    const zeros = new Uint8Array(PAGE);
    const { refused, WRONG } = await eachPage((page) => (file) => overwrite(file, page * PAGE, zeros));
    expect(WRONG).toEqual([]);
    expect(refused?.length).toBeGreaterThan(home.pages / 2);
    for (const page of [0, 1])
      expect(await outcomeOf((file) => overwrite(file, page * PAGE, zeros))).toBe('refused');
  });

  it('when a page was written to the place of another', async () => {
    const bytes = await readFile(join(home.folder, 'data.mdb'));
    const { refused, WRONG } = await eachPage((page) => {
      const other = 2 + ((page * 7) % (home.pages - 2));
      return (file) => overwrite(file, page * PAGE, bytes.subarray(other * PAGE, (other + 1) * PAGE));
    });
    expect(WRONG).toEqual([]);
    expect(refused?.length).toBeGreaterThan(home.pages / 3);
  });

  it('when the last writing of a page was lost, and it has its older content', async () => {
    const [now, before] = [await readFile(join(home.folder, 'data.mdb')), await readFile(home.before)];
    const pageIn = (of: Buffer, page: number): Buffer => of.subarray(page * PAGE, (page + 1) * PAGE);
    const { refused, WRONG } = await eachPage((page) => {
      const older = pageIn(before, page);
      const isOther = older.length === PAGE && !older.equals(pageIn(now, page));
      return isOther ? (file) => overwrite(file, page * PAGE, older) : undefined;
    });
    expect(WRONG).toEqual([]);
    expect(refused?.length).toBeGreaterThan(3);
  });

  it('when the second half of a page was not written', async () => {
    const half = new Uint8Array(PAGE / 2);
    const { refused, WRONG } = await eachPage(
      (page) => (file) => overwrite(file, page * PAGE + PAGE / 2, half),
    );
    expect(WRONG).toEqual([]);
    expect(refused?.length).toBeGreaterThan(home.pages / 3);
  });

  it('when a single bit turned, anywhere', async () => {
    const bytes = await readFile(join(home.folder, 'data.mdb'));
    const { WRONG } = await eachPage((page) => {
      const at = page * PAGE + ((page * 997) % PAGE);
      const flipped = Uint8Array.of((bytes[at] as number) ^ (1 << (page % 8)));
      return (file) => overwrite(file, at, flipped);
    });
    expect(WRONG).toEqual([]);
  });
});
