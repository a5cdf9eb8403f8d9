import { partitionOf } from '@topgun/core';
import type { CommitBatch, PartitionSlice, StoredRecord } from './Store.js';

/** A record with everything filled in; partition and kind follow from the parts given. */
export function storedRecord(parts: Partial<StoredRecord> & { readonly key: string }): StoredRecord {
  return { map: 'm', kind: 'LWW', value: 'v', t: 1000, node: 'a', epoch: 1, n: 1, ...parts };
}

/** A commit of these records, each in the partition of its key. */
export function commitOf(records: readonly StoredRecord[], rest: Partial<CommitBatch> = {}): CommitBatch {
  const byPid = new Map<number, StoredRecord[]>();
  for (const record of records) {
    const pid = partitionOf(record.key);
    byPid.set(pid, [...(byPid.get(pid) ?? []), record]);
  }
  const slices = [...byPid].map(([pid, rows]): PartitionSlice => {
    const last = rows.reduce((a, b) => ((a.epoch - b.epoch || a.n - b.n) > 0 ? a : b));
    return { pid, high: { epoch: last.epoch, n: last.n }, records: rows, dedup: [] };
  });
  return { slices, meta: [], ...rest };
}

/** A commit that purges the partition of a key. */
export function purgeOf(key: string, n: number, t: number): CommitBatch {
  const gc = { floor: { t, node: 'a' }, offset: { epoch: 1, n } };
  return {
    slices: [{ pid: partitionOf(key), high: { epoch: 1, n: 99 }, gc, records: [], dedup: [] }],
    meta: [],
  };
}
