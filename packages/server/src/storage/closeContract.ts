import { partitionOf } from '@topgun/core';
import { expect, it } from 'vitest';
import { Pace } from '../utils/Pace.js';
import { commitOf, storedRecord } from './contractRecords.js';
import type { Store } from './Store.js';

/** What a store does that is closed while it is used: part of the contract of `Store`. */
export function itCloses(one: () => { readonly store: Store }, reopen: () => Promise<void>): void {
  it('[STO-15] close waits for commits under way, and everything committed is there after opening again', async () => {
    const records = Array.from({ length: 300 }, (_, i) =>
      storedRecord({ key: `key-${i}`, n: i + 1, value: { i } }),
    );
    const commits = [0, 100, 200].map((from) =>
      one().store.commit(commitOf(records.slice(from, from + 100))),
    );
    await reopen();
    expect(await Promise.all(commits)).toEqual(['committed', 'committed', 'committed']);
    for (const record of records) expect(await one().store.read('m', record.key)).toEqual(record);
  });

  it('[STO-15] close ends scans, which have seen everything or throw SERVER_STATE', async () => {
    const records = Array.from({ length: 50 }, (_, i) =>
      storedRecord({ map: `m${i}`, key: 'key', n: i + 1, value: i }),
    );
    await one().store.commit(commitOf(records));
    const seen = Array.from({ length: 20 }, () => 0);
    const scans = seen.map((_, i) => {
      const count = (): void => {
        seen[i] = (seen[i] ?? 0) + 1;
      };
      return one().store.scan(partitionOf('key'), count, new Pace({ sliceRows: 1 }));
    });
    const ends = Promise.allSettled(scans);
    await reopen();
    for (const [i, end] of (await ends).entries()) {
      if (end.status === 'fulfilled') expect(seen[i]).toBe(50);
      else expect(end.reason).toMatchObject({ code: 'SERVER_STATE' });
    }
  });
}
