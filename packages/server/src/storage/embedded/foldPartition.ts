import { hashString } from '@topgun/core';
import { dedupId, itemIdOf } from '../itemId.js';
import { PartitionState } from '../PartitionState.js';
import type { DedupRow, GcMarks, Offset, StoredRecord } from '../Store.js';
import { compareOffsets } from '../Store.js';
import { encodeCommit } from './chunkCodec.js';
import { isPurged } from './PackedRecord.js';
import type { SnapChunk, StoreFiles } from './StoreFiles.js';

/** A chunk above this is cut in two: decoding, merging and encoding one stays at a few milliseconds. */
export const SNAP_CHUNK_BYTES = 128 * 1024;

/** The rows of one chunk's hash range. */
interface Share {
  readonly records: StoredRecord[];
  readonly dedup: DedupRow[];
}

/**
 * Folds what log slices of one partition amount to into its snapshot, one chunk per step, so that the caller decides how
 * many chunks fit a turn of the event loop. Folding is idempotent: stopped anywhere, it may simply begin anew.
 *
 * Chunks cover ranges of the item hash. Only chunks that hold a changed item are rewritten, and those that hold a
 * deletion which was purged since the last folding.
 */
export function* foldPartition(
  files: StoreFiles,
  pid: number,
  merged: PartitionState,
): Generator<Promise<unknown>> {
  const lows = files.snapLows(pid);
  if (lows.length === 0) lows.push(0);
  const { high, gc } = merged;
  const shares = shareOut(merged, lows);
  const before = files.head(pid);
  if (gc !== undefined && (before?.gc === undefined || compareOffsets(before.gc.offset, gc.offset) < 0)) {
    for (const lowest of lows) {
      const stored = shares.has(lowest) ? undefined : files.snapChunk(pid, lowest);
      if (stored?.records.some((record) => isPurged(gc, record)))
        shares.set(lowest, { records: [], dedup: [] });
    }
  }
  for (const [lowest, share] of shares) {
    const state = new PartitionState();
    const stored = files.snapChunk(pid, lowest);
    if (stored !== undefined) state.absorb(stored);
    state.absorb({ pid, high, ...share });
    yield files.putSnap(pid, chunksOf(pid, lowest, storedShare(state, gc), high));
  }
  yield files.putHead(pid, { high: laterOf(before?.high, high), gc });
}

function laterOf(a: Offset | undefined, b: Offset): Offset {
  return a !== undefined && compareOffsets(a, b) > 0 ? a : b;
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

/** What of a chunk is stored: a deletion that is purged and a session that is forgotten leave nothing. */
function storedShare(state: PartitionState, gc: GcMarks | undefined): Share {
  const records = [...state.records.values()].filter((record) => !isPurged(gc, record));
  return { records, dedup: [...state.liveDedup()] };
}

function shareOf({ records, dedup }: PartitionState): Share {
  return { records: [...records.values()], dedup: [...dedup.values()] };
}

function shareOut(state: PartitionState, lows: readonly number[]): Map<number, Share> {
  const [only = 0] = lows;
  // Most partitions have one chunk, and then nothing needs to be hashed.
  if (lows.length === 1) return new Map([[only, shareOf(state)]]);
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

function chunksOf(pid: number, lowest: number, share: Share, high: Offset): SnapChunk[] {
  if (share.records.length + share.dedup.length === 0) return [{ lowest, bytes: undefined }];
  const bytes = encodeCommit({ slices: [{ pid, high, ...share }], meta: [] });
  const border = bytes.length > SNAP_CHUNK_BYTES ? borderOf(share) : undefined;
  if (border === undefined) return [{ lowest, bytes }];
  const part = (isLower: boolean): Share => ({
    records: share.records.filter((record) => itemHash(record) < border === isLower),
    dedup: share.dedup.filter(({ clientId, session }) => dedupHash(clientId, session) < border === isLower),
  });
  return [...chunksOf(pid, lowest, part(true), high), ...chunksOf(pid, border, part(false), high)];
}

/** The median hash, if it parts the rows; rows of equal hash stay together. */
function borderOf({ records, dedup }: Share): number | undefined {
  const hashes = records.map(itemHash);
  for (const { clientId, session } of dedup) hashes.push(dedupHash(clientId, session));
  hashes.sort((a, b) => a - b);
  const border = hashes[hashes.length >> 1];
  return border === undefined || border === hashes[0] ? undefined : border;
}
