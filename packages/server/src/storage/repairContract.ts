import { partitionOf } from '@topgun/core';
import { expect, it } from 'vitest';
import { commitOf, purgeOf, storedRecord } from './contractRecords.js';
import type { Store, StoreBoot, StoredRecord } from './Store.js';

const KEY = '{p}a';
const PID = partitionOf(KEY);

/** What every store does with records that were repaired (CLK-7); part of `describeServerStorage`. */
export function itRepairs(
  current: () => { readonly store: Store; readonly boot: StoreBoot },
  reopen: () => Promise<void>,
): void {
  const poison = storedRecord({ key: KEY, value: 'poison', t: 9_000_000, n: 1 });
  const mended = storedRecord({ key: KEY, value: 'mended', t: 2000, n: 2, repaired: 7 });
  const later = storedRecord({ key: KEY, value: 'later', t: 3000, n: 3, repaired: 7 });
  const again = storedRecord({ key: KEY, value: 'again', t: 1000, n: 4, repaired: 8 });
  const orders = [
    [poison, mended, later, again],
    [again, later, mended, poison],
    [later, poison, again, mended],
  ];

  it('[STO-27] [CLK-7] the version of the later repair stays whatever the stamps, in any order of commits', async () => {
    for (const [i, order] of orders.entries()) {
      const mine = (record: StoredRecord): StoredRecord => ({ ...record, map: `m${i}` });
      for (const record of order) await current().store.commit(commitOf([mine(record)]));
      await reopen();
      expect(await current().store.read(`m${i}`, KEY)).toEqual(mine(again));
    }
    await current().store.commit(commitOf([poison]));
    await current().store.commit(commitOf([mended]));
    await current().store.commit(commitOf([later]));
    await current().store.commit(commitOf([storedRecord({ ...mended, n: 9 })]));
    await reopen();
    expect(await current().store.read('m', KEY)).toEqual(later);
  });

  it('[STO-27] [STO-25] the latest repair among purged deletions is told with the marks, and never goes back', async () => {
    const purge = (n: number, repaired?: number) => {
      const batch = purgeOf(KEY, n, n * 1000);
      const [slice] = batch.slices;
      const gc = { ...slice?.gc, ...(repaired !== undefined && { repaired }) };
      return { ...batch, slices: [{ ...slice, gc }] } as typeof batch;
    };
    await current().store.commit(commitOf([poison]));
    await current().store.commit(commitOf([storedRecord({ ...mended, value: undefined })]));
    await current().store.commit(purge(2, 7));
    await current().store.commit(purge(3));
    for (let opened = 0; opened < 2; opened++) {
      await reopen();
      expect(current().boot.gc.get(PID)).toMatchObject({ repaired: 7, offset: { n: 3 } });
      expect(await current().store.read('m', KEY)).toBeUndefined();
    }
    await current().store.commit(
      commitOf([storedRecord({ key: KEY, value: 'new', t: 5000, n: 5, repaired: 7 })]),
    );
    await reopen();
    expect(await current().store.read('m', KEY)).toMatchObject({ value: 'new' });
  });
}
