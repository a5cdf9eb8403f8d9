import { partitionOf } from '@topgun/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { itCloses } from './closeContract.js';
import { commitOf, storedRecord } from './contractRecords.js';
import { itPurges } from './purgeContract.js';
import { itRepairs } from './repairContract.js';
import type { StorageHarness } from './StorageHarness.js';
import type { CommitBatch, DedupEntry, Store, StoreBoot, StoredRecord } from './Store.js';
import { FORGOTTEN } from './Store.js';
import { itFollowsScripts } from './scripts/scriptContract.js';

export { commitOf, storedRecord };

function entry(seq: number, rest: Partial<DedupEntry> = {}): DedupEntry {
  return { seq, outcome: 0, t: 1000 + seq, node: 'sess', n: seq, epoch: 1, fingerprint: 7 * seq, ...rest };
}

function dedupCommit(pid: number, settledBelow: number, entries: readonly DedupEntry[]): CommitBatch {
  const row = { clientId: 'client', session: 'sess', settledBelow, entries };
  return { slices: [{ pid, high: { epoch: 1, n: 1 }, records: [], dedup: [row] }], meta: [] };
}

/** The contract of `Store`, as tests: what every implementation must do, whatever it is made of. */
export function describeServerStorage(name: string, factory: () => Promise<StorageHarness>): void {
  describe(`Store contract: ${name}`, () => {
    let harness: StorageHarness;
    let store: Store;
    let boot: StoreBoot;

    beforeEach(async () => {
      harness = await factory();
      ({ store, boot } = await harness.open());
    });
    afterEach(async () => {
      await store.close();
      await harness.dispose();
    });

    const reopen = async (): Promise<void> => {
      await store.close();
      ({ store, boot } = await harness.open());
    };
    const put = async (...records: StoredRecord[]): Promise<void> => {
      expect(await store.commit(commitOf(records))).toBe('committed');
    };
    const scanned = async (pid: number): Promise<StoredRecord[]> => {
      const found: StoredRecord[] = [];
      await store.scan(pid, (record) => found.push(record));
      return found.sort((a, b) =>
        a.key < b.key ? -1 : a.key > b.key ? 1 : (a.tag ?? '') < (b.tag ?? '') ? -1 : 1,
      );
    };

    it('[STO-1] a new store is empty and has an incarnation', async () => {
      expect(boot.incarnation).not.toBe('');
      expect([...boot.partitions]).toEqual([]);
      expect([...boot.meta]).toEqual([]);
      expect(await store.read('m', 'k')).toBeUndefined();
      expect(await store.readDedup(0, 'client', 'sess')).toBeUndefined();
      expect(await store.renew()).not.toBe(boot.incarnation);
    });

    it('[STO-2] a later stamp replaces an earlier one, an earlier one changes nothing', async () => {
      await put(storedRecord({ key: 'k', t: 5, value: 'new', n: 1 }));
      await put(storedRecord({ key: 'k', t: 4, value: 'old', n: 2 }));
      expect(await store.read('m', 'k')).toMatchObject({ value: 'new', t: 5, n: 1 });
      await put(storedRecord({ key: 'k', t: 6, value: 'newer', n: 3 }));
      expect(await store.read('m', 'k')).toMatchObject({ value: 'newer', t: 6, n: 3 });
    });

    it('[STO-2] equal times are decided by node id in code units, not by arrival', async () => {
      await put(
        storedRecord({ key: 'k', node: 'b', value: 1, n: 1 }),
        storedRecord({ key: 'l', node: 'Z', value: 1, n: 1 }),
      );
      await put(
        storedRecord({ key: 'k', node: 'a', value: 2, n: 2 }),
        storedRecord({ key: 'l', node: 'a', value: 2, n: 2 }),
      );
      expect(await store.read('m', 'k')).toMatchObject({ node: 'b', value: 1 });
      expect(await store.read('m', 'l')).toMatchObject({ node: 'a', value: 2 });
    });

    it('[STO-2] on a full tie deletion wins, in either order', async () => {
      await put(storedRecord({ key: 'k', n: 1 }), storedRecord({ key: 'l', value: undefined, n: 1 }));
      await put(storedRecord({ key: 'k', value: undefined, n: 2 }), storedRecord({ key: 'l', n: 2 }));
      expect((await store.read('m', 'k'))?.value).toBeUndefined();
      expect((await store.read('m', 'l'))?.value).toBeUndefined();
    });

    it('[STO-2] a full tie of values ends the same in either order', async () => {
      await put(
        storedRecord({ key: '{p}k', value: 'x', n: 1 }),
        storedRecord({ key: '{p}l', value: 'y', n: 1 }),
      );
      await put(
        storedRecord({ key: '{p}k', value: 'y', n: 2 }),
        storedRecord({ key: '{p}l', value: 'x', n: 2 }),
      );
      const first = await store.read('m', '{p}k');
      expect(first?.value).toBe((await store.read('m', '{p}l'))?.value);
    });

    it('[STO-2] the same change at a later offset moves to that offset', async () => {
      await put(storedRecord({ key: 'k', n: 4 }));
      await put(storedRecord({ key: 'k', n: 9 }));
      await put(storedRecord({ key: 'k', n: 6 }));
      expect(await store.read('m', 'k')).toMatchObject({ n: 9 });
    });

    it('[STO-3] a tombstone is kept, scanned and listed as a change', async () => {
      const gone = storedRecord({ key: 'k', t: 2000, value: undefined, n: 2 });
      await put(storedRecord({ key: 'k' }));
      await put(gone);
      await reopen();
      expect(await store.read('m', 'k')).toEqual(gone);
      expect(await scanned(partitionOf('k'))).toEqual([gone]);
      expect(await store.changesSince(partitionOf('k'), { epoch: 1, n: 1 }, 10)).toEqual([gone]);
    });

    it('[STO-4] a removed tag stays removed, also against a later add of it', async () => {
      await put(storedRecord({ key: 'k', kind: 'OR', tag: 't1', value: undefined, t: 5 }));
      await put(storedRecord({ key: 'k', kind: 'OR', tag: 't1', value: 'back', t: 50, n: 2 }));
      expect((await store.read('m', 'k', 't1'))?.value).toBeUndefined();
    });

    it('[STO-4] tags of one key live side by side', async () => {
      const one = storedRecord({ key: 'k', kind: 'OR', tag: 't1', value: 1 });
      const two = storedRecord({ key: 'k', kind: 'OR', tag: 't2', value: 2 });
      await put(one, two);
      await put(storedRecord({ key: 'k', kind: 'OR', tag: 't1', value: undefined, t: 1001, n: 2 }));
      expect((await scanned(partitionOf('k'))).map((record) => record.value)).toEqual([undefined, 2]);
    });

    it('[STO-5] of counter totals the greater of each stays', async () => {
      await put(storedRecord({ key: 'k', kind: 'PN', value: [5, 1], t: 1, n: 1 }));
      await put(storedRecord({ key: 'k', kind: 'PN', value: [3, 4], t: 2, n: 2 }));
      expect(await store.read('m', 'k')).toMatchObject({ value: [5, 4], n: 2 });
    });

    it('[STO-6] any order of the same commits ends in the same records', async () => {
      const commits = [
        [
          storedRecord({ key: '{o}a', t: 1, n: 1 }),
          storedRecord({ key: '{o}c', kind: 'PN', value: [1, 0], t: 1, n: 1 }),
        ],
        [storedRecord({ key: '{o}a', t: 3, value: undefined, n: 2 })],
        [
          storedRecord({ key: '{o}a', t: 2, value: 'x', n: 3 }),
          storedRecord({ key: '{o}c', kind: 'PN', value: [0, 2], t: 2, n: 3 }),
        ],
        [storedRecord({ key: '{o}b', kind: 'OR', tag: 'g', value: 1, n: 4 })],
        [storedRecord({ key: '{o}b', kind: 'OR', tag: 'g', value: undefined, n: 5 })],
      ];
      for (const commit of commits) await put(...commit);
      const forward = await scanned(partitionOf('{o}a'));
      const other = await factory();
      const { store: second } = await other.open();
      for (const commit of commits.toReversed()) await second.commit(commitOf(commit));
      const backward: StoredRecord[] = [];
      await second.scan(partitionOf('{o}a'), (record) => backward.push(record));
      await second.close();
      await other.dispose();
      backward.sort((a, b) => (a.key < b.key ? -1 : 1));
      expect(backward).toEqual(forward);
    });

    it('[STO-7] dedup entries are appended, kept as first written, and trimmed below settledBelow', async () => {
      await store.commit(dedupCommit(3, 0, [entry(0), entry(1)]));
      await store.commit(
        dedupCommit(3, 0, [
          entry(1, { outcome: 3, code: 'DENIED' }),
          entry(2, { outcome: 3, code: 'DENIED' }),
        ]),
      );
      expect(await store.readDedup(3, 'client', 'sess')).toEqual({
        settledBelow: 0,
        entries: [entry(0), entry(1), entry(2, { outcome: 3, code: 'DENIED' })],
      });
      await store.commit(dedupCommit(3, 2, [entry(5, { concern: 4 })]));
      await reopen();
      const kept = {
        settledBelow: 2,
        entries: [entry(2, { outcome: 3, code: 'DENIED' }), entry(5, { concern: 4 })],
      };
      expect(await store.readDedup(3, 'client', 'sess')).toEqual(kept);
      const rows: unknown[] = [];
      await store.scanDedup(3, (row) => rows.push(row));
      expect(rows).toEqual([{ clientId: 'client', session: 'sess', ...kept }]);
    });

    it('[STO-7] settledBelow never goes back', async () => {
      await store.commit(dedupCommit(3, 4, [entry(4)]));
      await store.commit(dedupCommit(3, 1, [entry(2)]));
      expect(await store.readDedup(3, 'client', 'sess')).toEqual({ settledBelow: 4, entries: [entry(4)] });
    });

    it('[STO-7] a session that is forgotten leaves no row, and keeps none that a repeated commit brings', async () => {
      await store.commit(dedupCommit(3, 1, [entry(2)]));
      await store.commit(dedupCommit(4, 1, [entry(3)]));
      await store.commit(dedupCommit(3, FORGOTTEN, []));
      await store.commit(dedupCommit(3, 1, [entry(2)]));
      const rows: unknown[] = [];
      const look = async (): Promise<void> => {
        for (const pid of [3, 4]) await store.scanDedup(pid, (row) => rows.push(row.settledBelow));
      };
      await look();
      expect(await store.readDedup(3, 'client', 'sess')).toBeUndefined();
      await reopen();
      await look();
      expect(await store.readDedup(3, 'client', 'sess')).toBeUndefined();
      expect(rows).toEqual([1, 1]);
    });

    it('[STO-8] the last offset of every partition is found again, also one that no record carries', async () => {
      await put(storedRecord({ key: 'k', epoch: 7, n: 3 }));
      await store.commit({
        slices: [{ pid: 200, high: { epoch: 7, n: 44 }, records: [], dedup: [] }],
        meta: [],
      });
      await reopen();
      expect(boot.partitions.get(partitionOf('k'))).toEqual({ epoch: 7, n: 3 });
      expect(boot.partitions.get(200)).toEqual({ epoch: 7, n: 44 });
    });

    it('[STO-9] meta rows are found again with their last value', async () => {
      await store.commit({
        slices: [],
        meta: [
          { name: 'map:todos', value: { kind: 'LWW' } },
          { name: 'clock', value: 1 },
        ],
      });
      await store.commit({ slices: [], meta: [{ name: 'clock', value: 2 ** 52 }] });
      await reopen();
      expect(Object.fromEntries(boot.meta)).toEqual({ 'map:todos': { kind: 'LWW' }, clock: 2 ** 52 });
    });

    it('[STO-9] a meta row that is taken back is gone, and may come again', async () => {
      const set = (value: unknown) => store.commit({ slices: [], meta: [{ name: 'client:a', value }] });
      await set({ sub: 'ann' });
      await set(null);
      await reopen();
      expect(boot.meta.has('client:a')).toBe(false);
      await set({ sub: 'bob' });
      await reopen();
      expect(boot.meta.get('client:a')).toEqual({ sub: 'bob' });
    });

    it('[STO-10] changesSince gives later changes by rising offset, up to the limit', async () => {
      await put(...[3, 1, 2].map((n) => storedRecord({ key: `{c}${n}`, epoch: 2, n })));
      await put(storedRecord({ key: '{c}0', epoch: 1, n: 9 }));
      const pid = partitionOf('{c}0');
      const keys = async (epoch: number, n: number, limit: number): Promise<string[]> =>
        (await store.changesSince(pid, { epoch, n }, limit)).map((record) => record.key);
      expect(await keys(0, 0, 10)).toEqual(['{c}0', '{c}1', '{c}2', '{c}3']);
      expect(await keys(2, 1, 10)).toEqual(['{c}2', '{c}3']);
      expect(await keys(0, 0, 2)).toEqual(['{c}0', '{c}1']);
      expect(await keys(2, 3, 10)).toEqual([]);
    });

    it('[STO-10] records of one offset are never parted by the limit', async () => {
      await put(
        ...['x', 'y', 'z'].map((key) => storedRecord({ key: `{c}${key}`, n: 5 })),
        storedRecord({ key: '{c}w', n: 6 }),
      );
      expect((await store.changesSince(partitionOf('{c}x'), { epoch: 0, n: 0 }, 1)).length).toBe(3);
    });

    it('[STO-11] values come back exactly, whatever they are made of', async () => {
      const value = {
        text: 'żółw 🐢',
        empty: '',
        zero: 0,
        float: 1.5,
        big: 2 ** 53 - 1,
        negative: -(2 ** 40),
        yes: true,
        nothing: null,
        list: [1, [2, [3]], {}],
        bigint: -(2n ** 63n),
        unsigned: 2n ** 64n - 1n,
        small: 5n,
        date: new Date(1_700_000_000_123),
        before: new Date(-1),
        bytes: new Uint8Array([0, 255, 7]),
        none: new Uint8Array(0),
        constructor: 1,
        prototype: 'p',
      };
      const record = storedRecord({
        key: '__proto__',
        map: 'constructor',
        value,
        ttlMs: 5000,
        owner: 'user:1',
      });
      await put(record);
      await reopen();
      const found = await store.read('constructor', '__proto__');
      expect(found).toEqual(record);
      const { bytes } = (found as StoredRecord).value as typeof value;
      expect(bytes.constructor).toBe(Uint8Array);
    });

    it('[STO-11] keys and tags that share characters stay apart', async () => {
      await put(
        storedRecord({ key: 'a', map: 'm', kind: 'OR', tag: 'b:c', value: 1 }),
        storedRecord({ key: 'a', map: 'm:a', kind: 'OR', tag: 'b', value: 2 }),
        storedRecord({ key: '\0a', map: 'm', value: 3 }),
        storedRecord({ key: 'a', map: 'm', value: 4 }),
      );
      expect((await store.read('m', 'a', 'b:c'))?.value).toBe(1);
      expect((await store.read('m:a', 'a', 'b'))?.value).toBe(2);
      expect((await store.read('m', '\0a'))?.value).toBe(3);
      expect((await store.read('m', 'a'))?.value).toBe(4);
    });

    it('[STO-12] while the flush is held back a commit does not complete and shows nothing', async () => {
      harness.gate.hold();
      let result: string | undefined;
      const commit = store.commit(commitOf([storedRecord({ key: 'k' })])).then((answer) => {
        result = answer;
      });
      while (harness.gate.heldCount === 0) await new Promise((resolve) => setImmediate(resolve));
      expect(result).toBeUndefined();
      expect(await store.read('m', 'k')).toBeUndefined();
      harness.gate.release();
      await commit;
      expect(result).toBe('committed');
      expect(await store.read('m', 'k')).toBeDefined();
    });

    it('[STO-13] of a failed commit nothing is stored, and the next one goes through', async () => {
      harness.gate.failNext('failed');
      const meta = [{ name: 'clock', value: 5 }];
      expect(await store.commit({ ...commitOf([storedRecord({ key: 'k' })]), meta })).toBe('failed');
      expect(await store.read('m', 'k')).toBeUndefined();
      await put(storedRecord({ key: 'l' }));
      await reopen();
      expect(await store.read('m', 'k')).toBeUndefined();
      expect(await store.read('m', 'l')).toBeDefined();
      expect(boot.meta.has('clock')).toBe(false);
      expect(boot.partitions.has(partitionOf('k'))).toBe(false);
    });

    it('[STO-14] after an unknown result the dedup rows tell what was stored', async () => {
      harness.gate.failNext('unknown');
      expect(await store.commit(dedupCommit(3, 0, [entry(0)]))).toBe('unknown');
      expect((await store.readDedup(3, 'client', 'sess'))?.entries).toEqual([entry(0)]);
    });

    it('[STO-16] scanning all partitions visits every record exactly once', async () => {
      const records = Array.from({ length: 200 }, (_, i) =>
        storedRecord({ key: `key-${i % 150}`, t: i, n: i + 1, value: i }),
      );
      for (let from = 0; from < 200; from += 20) await put(...records.slice(from, from + 20));
      const seen = new Map<string, unknown>();
      for (let pid = 0; pid < 271; pid++) {
        await store.scan(pid, (record) => {
          expect(seen.has(record.key)).toBe(false);
          seen.set(record.key, record.value);
        });
      }
      expect(seen.size).toBe(150);
      expect(seen.get('key-10')).toBe(160);
    });

    itCloses(() => ({ store }), reopen);
    itPurges(() => ({ harness, store, boot }), reopen);
    itRepairs(() => ({ store, boot }), reopen);
  });
  describe(`Store scripts: ${name}`, () => itFollowsScripts(factory));
}
