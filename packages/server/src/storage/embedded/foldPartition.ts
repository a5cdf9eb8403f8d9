import { hashString } from '@topgun/core';
import { dedupId, itemIdOf } from '../itemId.js';
import { PartitionState } from '../PartitionState.js';
import type { DedupRow, Offset, PartitionSlice, StoredRecord } from '../Store.js';
import { encodeCommit } from './chunkCodec.js';
import type { SnapChunk, StoreFiles } from './StoreFiles.js';

/** A chunk above this is cut in two: decoding, merging and encoding one stays at a few milliseconds. */
export const SNAP_CHUNK_BYTES = 128 * 1024;

/** The rows of one chunk's hash range. */
interface Share {
  readonly records: StoredRecord[];
  readonly dedup: DedupRow[];
}

/**
 * Folds log slices of one partition into its snapshot, one chunk per step, so that the caller decides how many chunks
 * fit a turn of the event loop. Folding is idempotent: stopped anywhere, it may simply begin anew.
 *
 * Chunks cover ranges of the item hash. Only chunks that hold a changed item are rewritten.
 */
export function* foldPartition(
  files: StoreFiles,
  pid: number,
  slices: readonly PartitionSlice[],
): Generator<Promise<unknown>> {
  const lows = files.snapLows(pid);
  if (lows.length === 0) lows.push(0);
  const merged = new PartitionState();
  for (const slice of slices) merged.absorb(slice);
  for (const [lowest, share] of shareOut(merged, lows)) {
    const state = new PartitionState();
    const stored = files.snapChunk(pid, lowest);
    if (stored !== undefined) state.absorb(stored);
    state.absorb({ pid, high: merged.high, ...share });
    yield files.putSnap(pid, chunksOf(pid, lowest, rowsOf(state), merged.high));
  }
  yield files.putHead(pid, merged.high);
}

/** Where an item lies among the chunks of its partition. */
export function itemHash(record: StoredRecord): number {
  return hashString(itemIdOf(record));
}

export function dedupHash(clientId: string, session: string): number {
  return hashString(dedupId(clientId, session));
}

/** The chunk that covers a hash: the last one that begins at or below it. */
export function lowFor(lows: readonly number[], hash: number): number {
  let from = 0;
  let to = lows.length - 1;
  while (from < to) {
    const middle = (from + to + 1) >> 1;
    if ((lows[middle] ?? 0) <= hash) from = middle;
    else to = middle - 1;
  }
  return lows[from] ?? 0;
}

function shareOut(state: PartitionState, lows: readonly number[]): Map<number, Share> {
  const shares = new Map<number, Share>();
  const shareAt = (hash: number): Share => {
    const lowest = lowFor(lows, hash);
    let share = shares.get(lowest);
    if (share === undefined) {
      share = { records: [], dedup: [] };
      shares.set(lowest, share);
    }
    return share;
  };
  for (const record of state.records.values()) shareAt(itemHash(record)).records.push(record);
  for (const row of state.dedup.values()) shareAt(dedupHash(row.clientId, row.session)).dedup.push(row);
  return shares;
}

interface HashedRow {
  readonly hash: number;
  readonly record?: StoredRecord;
  readonly dedup?: DedupRow;
}

function rowsOf(state: PartitionState): HashedRow[] {
  const rows: HashedRow[] = [];
  for (const record of state.records.values()) rows.push({ hash: itemHash(record), record });
  for (const dedup of state.dedup.values())
    rows.push({ hash: dedupHash(dedup.clientId, dedup.session), dedup });
  return rows;
}

function chunksOf(pid: number, lowest: number, rows: HashedRow[], high: Offset): SnapChunk[] {
  const records = rows.flatMap((row) => row.record ?? []);
  const dedup = rows.flatMap((row) => row.dedup ?? []);
  const bytes = encodeCommit({ slices: [{ pid, high, records, dedup }], meta: [] });
  const border = bytes.length > SNAP_CHUNK_BYTES ? splitAt(rows) : undefined;
  if (border === undefined) return [{ lowest, bytes }];
  const lower = rows.filter((row) => row.hash < border);
  const upper = rows.filter((row) => row.hash >= border);
  return [...chunksOf(pid, lowest, lower, high), ...chunksOf(pid, border, upper, high)];
}

/** The median hash, if it parts the rows; rows of equal hash stay together. */
function splitAt(rows: HashedRow[]): number | undefined {
  rows.sort((a, b) => a.hash - b.hash);
  const border = rows[rows.length >> 1]?.hash;
  return border === undefined || border === rows[0]?.hash ? undefined : border;
}
