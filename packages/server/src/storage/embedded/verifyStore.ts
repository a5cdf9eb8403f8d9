import { PARTITION_COUNT } from '@topgun/core';
import { serverError } from '../../errors.js';
import { compareOffsets, type Offset } from '../Store.js';
import { FORMAT, FORMAT_ROW, type StoreFiles } from './StoreFiles.js';

/** What a full reading of a store came upon. */
export interface StoreCount {
  /** commits that are not folded yet */
  readonly commits: number;
  /** records of the snapshot, tombstones included; those of the log come on top, or replace them */
  readonly records: number;
  readonly metaRows: number;
  /** the point that the store stands at: the last offset of every partition that has one, by partition (BAK-1) */
  readonly positions: readonly (readonly [pid: number, epoch: number, n: number])[];
}

/** Reads every row of a store, so that every checksum is looked at, in steps of one chunk. Throws STORE_CORRUPT, STORE_VERSION. */
export function* verifyingStore(files: StoreFiles, place: string): Generator<void, StoreCount> {
  const meta = files.metaRows();
  const format = meta.get(FORMAT_ROW);
  if (format !== FORMAT) {
    const message = `The store in ${place} has format ${String(format)}; this version reads format ${FORMAT}.`;
    throw serverError('STORE_VERSION', message);
  }
  const highs = new Map<number, Offset>();
  const reach = (pid: number, high: Offset): void => {
    const known = highs.get(pid);
    if (known === undefined || compareOffsets(known, high) < 0) highs.set(pid, high);
  };
  let commits = 0;
  for (const { commit } of files.logRows()) {
    for (const slice of commit.slices) {
      slice.read();
      reach(slice.pid, slice.high);
    }
    commits++;
    yield;
  }
  for (const [pid, { high }] of files.heads()) reach(pid, high);
  let records = 0;
  for (let pid = 0; pid < PARTITION_COUNT; pid++) {
    for (const slice of files.snapChunks(pid)) {
      records += slice.records.length;
      yield;
    }
  }
  const positions = [...highs]
    .sort(([a], [b]) => a - b)
    .map(([pid, { epoch, n }]) => [pid, epoch, n] as const);
  return { commits, records, metaRows: meta.size, positions };
}
