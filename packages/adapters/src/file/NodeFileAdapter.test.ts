import { mkdir, mkdtemp, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StoreTx } from '@topgun/client';
import { describeClientStorage } from '@topgun/client/testing';
import * as LIMITS from '@topgun/protocol/limits';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { NodeFileAdapter } from './NodeFileAdapter.js';
import { packRecord } from './records.js';

const folder = await mkdtemp(join(tmpdir(), 'topgun-file-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

describeClientStorage('NodeFileAdapter', () => new NodeFileAdapter({ folder }));

const opened: NodeFileAdapter[] = [];
let stores = 0;

afterEach(async () => {
  for (const adapter of opened.splice(0)) await adapter.close();
});

const nextStore = (): string => `store-${++stores}`;
const fileOf = (store: string): string => join(folder, store, 'data');

async function openStore(store: string): Promise<NodeFileAdapter> {
  const adapter = new NodeFileAdapter({ folder });
  opened.push(adapter);
  await adapter.open(store);
  return adapter;
}

const put = (key: string, value: unknown, durability: 'relaxed' | 'strict' = 'strict'): StoreTx => ({
  puts: [[['k', key], value]],
  deletes: [],
  durability,
});

async function rowsOf(adapter: NodeFileAdapter): Promise<unknown[]> {
  const rows: unknown[] = [];
  await adapter.iterate([], (key, value) => rows.push([...key.slice(1), value]));
  return rows;
}

/** The bytes of a store with this many transactions, and the length of the file after each. */
async function history(transactions: number): Promise<{ bytes: Buffer; ends: number[] }> {
  const store = nextStore();
  const adapter = await openStore(store);
  const ends = [(await stat(fileOf(store))).size];
  for (let i = 0; i < transactions; i++) {
    // The first puts two rows, so that half of it would show.
    await adapter.tx({
      puts: [
        [['k', `${i}`], i],
        [['twin', `${i}`], 'x'.repeat(i * 7)],
      ],
      deletes: [],
    });
    ends.push((await stat(fileOf(store))).size);
  }
  await adapter.close();
  return { bytes: await readFile(fileOf(store)), ends };
}

async function openBytes(bytes: Uint8Array): Promise<NodeFileAdapter> {
  const store = nextStore();
  await mkdir(join(folder, store), { recursive: true });
  await writeFile(fileOf(store), bytes);
  return openStore(store);
}

describe('a file that a crash cut off', () => {
  it('[CST-21] at whatever byte, gives every whole transaction and nothing of the others, and goes on', async () => {
    const { bytes, ends } = await history(4);
    for (let length = ends[1] as number; length <= bytes.length; length++) {
      const whole = ends.filter((end) => end <= length).length - 1;
      const adapter = await openBytes(bytes.subarray(0, length));
      expect(await rowsOf(adapter)).toHaveLength(2 * whole);
      expect(await adapter.tx(put('next', 1))).toBe(whole + 1);
      await adapter.close();
      const again = await openStore(`store-${stores}`);
      expect(await rowsOf(again)).toHaveLength(2 * whole + 1);
      await again.close();
    }
  });

  it('[CST-21] whose last sectors were never written, loses that transaction alone', async () => {
    const store = nextStore();
    const adapter = await openStore(store);
    await adapter.tx(put('a', 1));
    const before = (await stat(fileOf(store))).size;
    await adapter.tx(put('b', 'x'.repeat(3_000)));
    await adapter.close();
    const bytes = await readFile(fileOf(store));
    for (const blankFrom of [before, 1024, 2048]) {
      const torn = Buffer.from(bytes).fill(0, blankFrom);
      expect(await rowsOf(await openBytes(torn))).toEqual([['a', 1]]);
    }
  });
});

describe('a file that was damaged', () => {
  it('[CST-21] by one flipped bit, wherever it is, is refused and stays as it is', async () => {
    const { bytes } = await history(3);
    for (let at = 0; at < bytes.length; at++) {
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] as number) ^ (1 << (at % 8));
      await expect(openBytes(flipped), `byte ${at}`).rejects.toMatchObject({ code: 'STORAGE_DAMAGED' });
      expect((await readFile(fileOf(`store-${stores}`))).equals(flipped)).toBe(true);
    }
  });

  it('[CST-21] by a transaction that is missing, or a snapshot that lacks rows, is refused', async () => {
    const { bytes, ends } = await history(3);
    const [, first, second] = ends as [number, number, number];
    const hole = Buffer.concat([bytes.subarray(0, first), bytes.subarray(second)]);
    await expect(openBytes(hole)).rejects.toMatchObject({ code: 'STORAGE_DAMAGED' });
    await expect(openBytes(packRecord(7, ['snapshot', 1, 2]))).rejects.toMatchObject({
      code: 'STORAGE_DAMAGED',
    });
    await expect(openBytes(Buffer.alloc(0))).rejects.toMatchObject({ code: 'STORAGE_DAMAGED' });
  });

  it('[CST-19] a file of a newer layout is refused with STORAGE_VERSION', async () => {
    const adapter = openBytes(packRecord(0, ['snapshot', 99, 0]));
    await expect(adapter).rejects.toMatchObject({ code: 'STORAGE_VERSION', retriable: false });
  });
});

describe('a log that grows', () => {
  it('[CST-13] a wipe that fails, or that the process does not survive, leaves the store as it was', async () => {
    const store = nextStore();
    const adapter = await openStore(store);
    await adapter.tx(put('a', 1));
    const draft = `${fileOf(store)}.new`;
    await mkdir(draft);
    await expect(adapter.wipe([[['life'], 'x']])).rejects.toMatchObject({
      code: expect.stringMatching(/^STORAGE_/),
    });
    await rm(draft, { recursive: true });
    // The store that was to be, as far as a process wrote it before it died.
    await writeFile(draft, packRecord(9, ['snapshot', 1, 1]));
    const next = await openStore(store);
    expect(await rowsOf(next)).toEqual([['a', 1]]);
    await next.wipe([[['life'], 'x']]);
    expect(await next.get(['life'])).toBe('x');
  });

  it('[CST-22] is replaced by a snapshot; rows, commit number and later transactions stay', async () => {
    const store = nextStore();
    const adapter = await openStore(store);
    const text = 'x'.repeat(10_000);
    for (let i = 0; i < 400; i++) await adapter.tx(put(`${i % 3}`, `${i}${text}`, 'relaxed'));
    expect((await stat(fileOf(store))).size).toBeLessThan(LIMITS.fileLogBytes + 100_000);
    await adapter.close();
    const again = await openStore(store);
    expect(await rowsOf(again)).toEqual([399, 397, 398].map((i) => [`${i % 3}`, `${i}${text}`]));
    expect(await again.tx(put('x', 1))).toBe(401);
  });
});

describe('a disk that fails', () => {
  async function failing(method: 'write' | 'datasync', code: string) {
    const store = nextStore();
    const adapter = await openStore(store);
    await adapter.tx(put('a', 1));
    const probe = await open(join(folder, 'probe'), 'w');
    const prototype = Object.getPrototypeOf(probe) as { write: unknown; datasync: unknown };
    await probe.close();
    const spy = vi.spyOn(prototype as Record<'write' | 'datasync', () => Promise<never>>, method);
    spy.mockRejectedValueOnce(Object.assign(new Error('no'), { code }));
    return { store, adapter };
  }

  it('[CST-24] refuses STORAGE_FULL when there is no room, stores nothing of it, and goes on', async () => {
    const { adapter, store } = await failing('write', 'ENOSPC');
    await expect(adapter.tx(put('b', 2))).rejects.toMatchObject({ code: 'STORAGE_FULL', retriable: true });
    expect(await adapter.tx(put('c', 3))).toBe(2);
    await adapter.close();
    expect(await rowsOf(await openStore(store))).toEqual([
      ['a', 1],
      ['c', 3],
    ]);
  });

  it('[CST-24] never trusts a flush that failed: the store is lost until it was read again', async () => {
    const { adapter } = await failing('datasync', 'EIO');
    const reasons: string[] = [];
    adapter.onLost((reason) => reasons.push(reason));
    await expect(adapter.tx(put('b', 2))).rejects.toMatchObject({ code: 'STORAGE_LOST', retriable: true });
    expect(reasons).toHaveLength(1);
    await expect(adapter.tx(put('c', 3))).rejects.toMatchObject({ code: 'STORAGE_LOST' });
    await adapter.open(`store-${stores}`);
    expect((await rowsOf(adapter))[0]).toEqual(['a', 1]);
    await adapter.tx(put('d', 4));
  });
});

describe('names and keys', () => {
  it('stores of every name lie side by side, each in a folder of its own', async () => {
    const names = [
      'notes',
      'Notes',
      '../notes',
      '..',
      'a/b',
      'ü',
      'n'.repeat(128),
      `${'n'.repeat(127)}m`,
      'N'.repeat(128),
    ];
    for (const [i, name] of names.entries()) await (await openStore(name)).tx(put('who', i));
    for (const adapter of opened.splice(0)) await adapter.close();
    for (const [i, name] of names.entries()) expect(await (await openStore(name)).get(['k', 'who'])).toBe(i);
    expect((await readdir(folder)).every((file) => file.length < 200)).toBe(true);
  });

  it('[CST-15] a key with half a pair of code units is refused with STORAGE_KEY', async () => {
    const adapter = await openStore(nextStore());
    await expect(adapter.tx(put('\ud800', 1))).rejects.toMatchObject({ code: 'STORAGE_KEY' });
    await expect(adapter.tx({ puts: [], deletes: [['\ud800']] })).rejects.toMatchObject({
      code: 'STORAGE_KEY',
    });
    expect(await adapter.tx(put('a', 1))).toBe(1);
  });

  it('[CST-16] tells the bytes of the file and the room on the disk', async () => {
    const adapter = await openStore(nextStore());
    const before = await adapter.estimate();
    await adapter.tx(put('a', 'x'.repeat(1_000)));
    expect((await adapter.estimate()).usageBytes).toBeGreaterThan(before.usageBytes + 1_000);
  });
});
