import { PARTITION_COUNT } from '@topgun/core';
import { serverError } from '../../errors.js';
import { FORMAT, FORMAT_ROW, type StoreFiles } from './StoreFiles.js';

/** What a full reading of a store came upon. */
export interface StoreCount {
  /** commits that are not folded yet */
  readonly commits: number;
  /** records of the snapshot, tombstones included; those of the log come on top, or replace them */
  readonly records: number;
  readonly metaRows: number;
}

/** Reads every row of a store, so that every checksum is looked at. Throws STORE_CORRUPT, STORE_VERSION. */
export function verifyStore(files: StoreFiles, place: string): StoreCount {
  const meta = files.metaRows();
  const format = meta.get(FORMAT_ROW);
  if (format !== FORMAT) {
    const message = `The store in ${place} has format ${String(format)}; this version reads format ${FORMAT}.`;
    throw serverError('STORE_VERSION', message);
  }
  let commits = 0;
  files.replay((_seq, _bytes, { slices }) => {
    for (const slice of slices) slice.read();
    commits++;
  });
  files.heads();
  let records = 0;
  for (let pid = 0; pid < PARTITION_COUNT; pid++)
    for (const slice of files.snapChunks(pid)) records += slice.records.length;
  return { commits, records, metaRows: meta.size };
}
