import { mergeGc, reaches } from './gcMarks.js';
import { dedupId, itemIdOf } from './itemId.js';
import { mergeDedup, mergeRecord } from './mergeRecord.js';
import type { DedupRow, DedupState, GcMarks, Offset, PartitionSlice, StoredRecord } from './Store.js';
import { compareOffsets, FORGOTTEN } from './Store.js';

/** Dedup state together with whose it is. */
export interface OwnedDedup extends DedupState {
  readonly clientId: string;
  readonly session: string;
}

/**
 * One partition merged in memory: what a series of commits amounts to. Purged deletions stay until `purge` is called:
 * while earlier commits are still to be merged, they keep what they deleted from coming back.
 */
export class PartitionState {
  readonly records = new Map<string, StoredRecord>();
  readonly dedup = new Map<string, OwnedDedup>();
  #high: Offset = { epoch: 0, n: 0 };
  #gc: GcMarks | undefined;

  get high(): Offset {
    return this.#high;
  }

  get gc(): GcMarks | undefined {
    return this.#gc;
  }

  /** All of it, as one slice. */
  slice(pid: number): PartitionSlice {
    const rows = { records: [...this.records.values()], dedup: [...this.dedup.values()] };
    return { pid, high: this.#high, ...(this.#gc && { gc: this.#gc }), ...rows };
  }

  /** Merges what one commit holds of this partition. */
  absorb(slice: PartitionSlice): void {
    for (const record of slice.records) this.absorbRecord(record);
    for (const row of slice.dedup) this.absorbDedup(row);
    this.raise(slice.high);
    this.raiseGc(slice.gc);
  }

  /** Lets go of everything purged. To be called when all that was ever stored of the partition is merged. */
  purge(): void {
    for (const [id, record] of this.records)
      if (reaches(this.#gc, record) && record.value === undefined) this.records.delete(id);
  }

  /** Undefined for a session that is forgotten. */
  dedupOf(clientId: string, session: string): DedupState | undefined {
    const held = this.dedup.get(dedupId(clientId, session));
    if (held === undefined || held.settledBelow === FORGOTTEN) return undefined;
    return { settledBelow: held.settledBelow, entries: held.entries };
  }

  /** The dedup rows of sessions that may still be heard of. */
  *liveDedup(): Iterable<OwnedDedup> {
    for (const row of this.dedup.values()) if (row.settledBelow < FORGOTTEN) yield row;
  }

  /** An offset that a commit reached. */
  raise(high: Offset): void {
    if (compareOffsets(this.#high, high) < 0) this.#high = high;
  }

  raiseGc(gc: GcMarks | undefined): void {
    this.#gc = mergeGc(this.#gc, gc);
  }

  absorbRecord(record: StoredRecord, id = itemIdOf(record)): void {
    const stored = this.records.get(id);
    const merged = mergeRecord(stored, record);
    if (merged !== stored) this.records.set(id, merged);
  }

  absorbDedup(row: DedupRow): void {
    const id = dedupId(row.clientId, row.session);
    const { clientId, session } = row;
    const { settledBelow, entries } = mergeDedup(this.dedup.get(id), row);
    this.dedup.set(id, { clientId, session, settledBelow, entries });
  }

  /** As `absorbDedup`, for a row that was stored before all that is here. */
  absorbEarlierDedup(row: DedupRow, id = dedupId(row.clientId, row.session)): void {
    const { clientId, session } = row;
    const held = this.dedup.get(id);
    const earlier = mergeDedup(undefined, row);
    const { settledBelow, entries } = held === undefined ? earlier : mergeDedup(earlier, held);
    this.dedup.set(id, { clientId, session, settledBelow, entries });
  }
}

/** The answer of `changesSince` over any set of records; see `Store`. */
export function selectChanges(
  records: Iterable<StoredRecord>,
  after: Offset,
  limit: number,
): readonly StoredRecord[] {
  const changed: StoredRecord[] = [];
  for (const record of records) if (compareOffsets(record, after) > 0) changed.push(record);
  changed.sort(compareOffsets);
  let end = Math.min(limit, changed.length);
  while (end > 0 && end < changed.length) {
    const last = changed[end - 1];
    const next = changed[end];
    if (last === undefined || next === undefined || compareOffsets(last, next) !== 0) break;
    end++;
  }
  return changed.slice(0, end);
}
