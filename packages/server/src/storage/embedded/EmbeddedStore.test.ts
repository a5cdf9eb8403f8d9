import { cp, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { partitionOf } from '@topgun/core';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { commitOf, storedRecord } from '../describeServerStorage.js';
import { MemoryStore } from '../MemoryStore.js';
import type { CommitBatch, Store, StoredRecord } from '../Store.js';
import { FORGOTTEN } from '../Store.js';
import { EmbeddedStore } from './EmbeddedStore.js';
import { FORMAT, StoreFiles } from './StoreFiles.js';
import { endStores, newFolder, newStore, openStore } from './testing/testStores.js';

afterEach(endStores);

/** All a store holds, in one comparable value. */
async function contentOf(store: Store): Promise<unknown> {
  const content: [string, unknown][] = [];
  for (let pid = 0; pid < 271; pid++) {
    await store.scan(pid, (record) =>
      content.push([`${pid} ${record.map} ${record.key} ${record.tag ?? ''}`, record]),
    );
    await store.scanDedup(pid, (row) => content.push([`${pid} ${row.clientId} ${row.session}`, row]));
  }
  return content.sort(([a], [b]) => (a < b ? -1 : 1));
}

function busyCommits(count: number, keys: number): CommitBatch[] {
  return Array.from({ length: count }, (_, i) => {
    const record = storedRecord({
      key: `key-${(i * 7) % keys}`,
      t: i,
      n: i + 1,
      epoch: 3,
      value: { i, pad: 'p'.repeat(100) },
    });
    const batch = commitOf([record], { meta: [{ name: 'clock', value: i }] });
    const row = {
      clientId: 'c',
      session: 's',
      settledBelow: Math.max(0, i - 20),
      entries: [{ seq: i, outcome: 0 as const, t: i, node: 's', n: i + 1, epoch: 3, fingerprint: i }],
    };
    return { ...batch, slices: batch.slices.map((slice) => ({ ...slice, dedup: [row] })) };
  });
}

describe('EmbeddedStore', () => {
  it('[STO-17] a copy of the folder taken before any slice of folding opens to everything committed', async () => {
    const folder = await newFolder();
    const copies: string[] = [];
    const model = new MemoryStore();
    const store = await openStore(folder, {
      compactSliceMs: 0,
      beforeCompactionSlice: async () => {
        // Every seventh moment is enough; they fall between chunks, heads, meta rows and removals alike.
        if (moments++ % 7 !== 0) return;
        const copy = await newFolder();
        await cp(folder, copy, { recursive: true });
        copies.push(copy);
      },
    });
    let moments = 0;
    for (const batch of busyCommits(150, 90)) {
      expect(await store.commit(batch)).toBe('committed');
      await model.commit(batch);
    }
    await store.compact();
    expect(store.sizes().logBytes).toBe(0);
    const expected = await contentOf(model);
    expect(await contentOf(store)).toEqual(expected);
    expect(copies.length).toBeGreaterThan(5);
    for (const copy of copies) {
      const recovered = newStore(copy);
      const boot = await recovered.open();
      expect(await contentOf(recovered)).toEqual(expected);
      expect(boot.meta.get('clock')).toBe(149);
      expect(boot.partitions).toEqual((await model.open()).partitions);
    }
  });

  it('[STO-17] a read shows everything while folding takes rows out of the log', async () => {
    const store = await openStore(await newFolder());
    const model = new MemoryStore();
    for (const batch of busyCommits(60, 30)) {
      await Promise.all([store.commit(batch), model.commit(batch)]);
      let isFolding = true;
      const folding = store.compact().finally(() => {
        isFolding = false;
      });
      while (isFolding) {
        expect(await store.read('m', 'key-0')).toEqual(await model.read('m', 'key-0'));
        await new Promise((resolve) => setImmediate(resolve));
      }
      await folding;
    }
  });

  it('[STO-17] random commits, foldings and openings keep the store equal to the model', async () => {
    const steps = fc.array(
      fc.oneof(
        {
          weight: 6,
          arbitrary: fc.record({
            key: fc.integer({ min: 0, max: 12 }),
            t: fc.nat({ max: 30 }),
            gone: fc.boolean(),
          }),
        },
        { weight: 1, arbitrary: fc.constant('compact' as const) },
        { weight: 1, arbitrary: fc.constant('reopen' as const) },
      ),
      { maxLength: 30 },
    );
    await fc.assert(
      fc.asyncProperty(steps, async (list) => {
        const folder = await newFolder();
        const model = new MemoryStore();
        let store = await openStore(folder);
        let n = 0;
        for (const step of list) {
          if (step === 'compact') await store.compact();
          else if (step === 'reopen') {
            await store.close();
            store = await openStore(folder);
          } else {
            const value = step.gone ? undefined : step.t;
            const batch = commitOf([storedRecord({ key: `k${step.key}`, t: step.t, value, n: ++n })]);
            await model.commit(batch);
            expect(await store.commit(batch)).toBe('committed');
          }
        }
        expect(await contentOf(store)).toEqual(await contentOf(model));
        await store.close();
      }),
      { numRuns: 20 },
    );
  });

  it('[STO-7] folding leaves nothing of a forgotten session, nor of a meta row that was taken back', async () => {
    const folder = await newFolder();
    const store = await openStore(folder);
    const session = (name: string, settledBelow: number): CommitBatch => ({
      slices: [
        {
          pid: 3,
          high: { epoch: 1, n: 1 },
          records: [],
          dedup: [{ clientId: 'client', session: name, settledBelow, entries: [] }],
        },
      ],
      meta: [{ name: `ended:client:${name}`, value: settledBelow === FORGOTTEN ? null : 1 }],
    });
    for (const name of ['gone', 'kept']) await store.commit(session(name, 1));
    await store.compact();
    await store.commit(session('gone', FORGOTTEN));
    await store.compact();
    await store.close();
    const files = new StoreFiles(folder);
    const rows = [...files.snapChunks(3)].flatMap(({ dedup }) => dedup);
    expect(rows.map((row) => row.session)).toEqual(['kept']);
    expect([...files.metaRows().keys()].filter((name) => name.startsWith('ended:'))).toEqual([
      'ended:client:kept',
    ]);
    await files.close();
  });

  it('[STO-18] one partition with many records is cut into chunks, of which a change rewrites only its own', async () => {
    const folder = await newFolder();
    const store = await openStore(folder);
    const records = Array.from(
      { length: 6000 },
      (_, i): StoredRecord => storedRecord({ key: `{one}${i}`, n: i + 1, value: 'v'.repeat(60) }),
    );
    for (let from = 0; from < 6000; from += 500)
      await store.commit(commitOf(records.slice(from, from + 500)));
    await store.compact();
    await store.commit(commitOf([storedRecord({ key: '{one}17', t: 2000, value: 'changed', n: 9000 })]));
    await store.compact();
    expect(await store.read('m', '{one}17')).toMatchObject({ value: 'changed' });
    expect(await store.read('m', '{one}5999')).toEqual(records[5999]);
    let count = 0;
    const pid = partitionOf('{one}0');
    await store.scan(pid, () => count++);
    expect(count).toBe(6000);
    await store.close();
    const files = new StoreFiles(folder);
    expect(files.snapLows(pid).length).toBeGreaterThan(3);
    await files.close();
  });

  it('[STO-17] a folder whose name has a dot is a folder, also when it is there already', async () => {
    const folder = join(await newFolder(), 'data.v2');
    const record = storedRecord({ map: 'm', key: 'a' });
    for (let round = 0; round < 2; round++) {
      const store = await openStore(folder);
      await store.commit(commitOf([record]));
      expect(await store.read('m', 'a')).toMatchObject({ key: 'a' });
      await store.close();
    }
  });

  it('[STO-19] a second opener of the folder is refused with STORE_LOCKED and does no harm', async () => {
    const folder = await newFolder();
    const store = await openStore(folder);
    await expect(new EmbeddedStore({ folder }).open()).rejects.toMatchObject({ code: 'STORE_LOCKED' });
    expect(await store.commit(commitOf([storedRecord({ key: 'k' })]))).toBe('committed');
    await store.close();
    const next = await openStore(folder);
    expect(await next.read('m', 'k')).toBeDefined();
  });

  it('[STO-19] the lock of a process that is gone does not keep the folder closed', async () => {
    const folder = await newFolder();
    await (await openStore(folder)).close();
    const { boot, host, folder: identity } = await lockOf(folder);
    const dead = { token: 'x', pid: 2 ** 22 - 3, started: '1', boot, host, folder: identity };
    await writeFile(join(folder, 'topgun.lock'), JSON.stringify(dead));
    await openStore(folder);
  });

  it('[STO-19] a process with the same id that started at another time does not hold the folder', async () => {
    const folder = await newFolder();
    await (await openStore(folder)).close();
    const holder = await lockOf(folder);
    await writeFile(
      join(folder, 'topgun.lock'),
      JSON.stringify({ ...holder, pid: process.pid, started: '1' }),
    );
    await openStore(folder);
  });

  it('[STO-20] a flipped bit in a log chunk is found at the start and never served', async () => {
    const folder = await newFolder();
    const store = await openStore(folder);
    await store.commit(commitOf([storedRecord({ key: 'k', value: 'a value that is easy to find' })]));
    await store.close();
    await flipIn(folder, 'easy to find');
    await expect(new EmbeddedStore({ folder }).open()).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
  });

  it('[STO-20] a flipped bit in a snapshot chunk is found when it is read, and other partitions stay readable', async () => {
    const folder = await newFolder();
    const store = await openStore(folder);
    await store.commit(
      commitOf([
        storedRecord({ key: 'k', value: 'a value that is easy to find' }),
        storedRecord({ key: 'l' }),
      ]),
    );
    await store.compact();
    await store.close();
    await flipIn(folder, 'easy to find');
    const damaged = await openStore(folder);
    await expect(damaged.read('m', 'k')).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
    expect(await damaged.read('m', 'l')).toBeDefined();
  });

  it('[STO-20] a folder that holds something else is refused', async () => {
    const folder = await newFolder();
    await writeFile(join(folder, 'data.mdb'), Buffer.alloc(65_536, 7));
    await expect(new EmbeddedStore({ folder }).open()).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
  });

  it('[STO-21] a folder of a later format is refused with STORE_VERSION', async () => {
    const folder = await newFolder();
    await (await openStore(folder)).close();
    const files = new StoreFiles(folder);
    await files.putMeta(new Map([['.format', FORMAT + 1]]));
    await files.close();
    await expect(new EmbeddedStore({ folder }).open()).rejects.toMatchObject({ code: 'STORE_VERSION' });
  });

  it('[STO-1] the incarnation is drawn once and stays', async () => {
    const folder = await newFolder();
    const first = newStore(folder);
    const { incarnation } = await first.open();
    expect(incarnation).toMatch(/^[\w-]{22}$/);
    await first.close();
    const second = newStore(folder);
    expect((await second.open()).incarnation).toBe(incarnation);
  });

  it('[STO-22] a folder that cannot be made is refused with STORE_UNAVAILABLE', async () => {
    const folder = await newFolder();
    await writeFile(join(folder, 'file'), 'x');
    const store = new EmbeddedStore({ folder: join(folder, 'file', 'store') });
    await expect(store.open()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  it('[STO-23] the log is folded by itself once it is long', async () => {
    const folder = await newFolder();
    const store = await openStore(folder, { compactLogBytes: 20_000 });
    for (const batch of busyCommits(400, 50)) await store.commit(batch);
    await store.close();
    const reopened = await openStore(folder);
    // Without folding the log would hold 400 chunks of some 250 bytes.
    expect(reopened.sizes().logBytes).toBeLessThan(60_000);
    expect(reopened.sizes().snapshotBytes).toBeGreaterThan(0);
  });
});

async function lockOf(folder: string): Promise<Record<string, unknown>> {
  const store = await openStore(folder);
  const holder: unknown = JSON.parse(await readFile(join(folder, 'topgun.lock'), 'utf8'));
  await store.close();
  return holder as Record<string, unknown>;
}

async function flipIn(folder: string, text: string): Promise<void> {
  const path = join(folder, 'data.mdb');
  const bytes = await readFile(path);
  const file = await open(path, 'r+');
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) {
    await file.write(Buffer.from([(bytes[at] ?? 0) ^ 1]), 0, 1, at);
  }
  await file.close();
}
