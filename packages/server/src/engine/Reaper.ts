import { reaches } from '../storage/gcMarks.js';
import type { Offset } from '../storage/Store.js';
import { compareOffsets } from '../storage/Store.js';
import { type CommitMark, CommitMarks } from './CommitMarks.js';
import type { EngineLimits } from './EngineLimits.js';
import { isCurrent } from './Expiries.js';
import type { Lane } from './Lane.js';
import { type Purge, purgeOf } from './Purge.js';
import type { RecordTable } from './RecordTable.js';
import type { Row } from './Row.js';
import type { Staging } from './Staging.js';

export interface ReaperParts {
  /** what the store remembers of commits */
  readonly meta: ReadonlyMap<string, unknown>;
  readonly table: RecordTable;
  readonly lane: Lane;
  readonly staging: Staging;
  readonly limits: EngineLimits;
  /** of a cluster: whether this node is the one that sees to marks (CLU-26) */
  readonly isKeeper?: () => boolean;
}

/**
 * Ends what has had its time in one lane, a bounded number of rows at once: records whose time to live is over become deletions
 * (CLK-6), and deletions that were committed longer ago than the retention are purged (GC-1).
 *
 * A partition is gone through in the order of offsets, each row once in the life of the engine, so that all of it costs
 * O(changes). Judging goes on above a deletion until its purge is durable; then the marks judge in its place.
 */
export class Reaper {
  readonly #parts: ReaperParts;
  readonly #marks: CommitMarks;
  /** how far the deletions of a partition have been looked at */
  readonly #seen = new Map<number, Offset>();
  /** what was staged last and is not durable yet */
  #purges: readonly Purge[] = [];
  #expired: readonly Row[] = [];
  /** their time is over, and another node sees to it */
  #others: Row[] = [];
  #isBusy = false;
  #ranMs = Number.NEGATIVE_INFINITY;

  constructor(parts: ReaperParts, now: number) {
    const { meta, staging, limits } = parts;
    this.#parts = parts;
    this.#marks = new CommitMarks(meta, staging, limits.retentionMs / limits.commitMarks, now);
  }

  /** When `run` wants to be called, ms; undefined when there is nothing to wait for. */
  dueMs(now: number): number | undefined {
    const { limits, lane } = this.#parts;
    if (this.#isBusy) return this.#ranMs + limits.reapPauseMs;
    const { first } = this.#marks;
    const times = [first && first.ms + limits.retentionMs, lane.expiries.nextMs];
    if (lane.isChanged) times.push(this.#marks.nextMs(now));
    if (this.#expired.length > 0) times.push(now);
    const next = Math.min(...times.flatMap((time) => time ?? []));
    return next === Number.POSITIVE_INFINITY ? undefined : Math.max(next, this.#ranMs + limits.reapEveryMs);
  }

  /** What another node has made of a fact. */
  follow(name: string, value: unknown, now: number): void {
    this.#marks.follow(name, value, now);
  }

  /** Partitions have become this node's: what is due in them is, from the beginning. */
  owned(): void {
    const { lane } = this.#parts;
    for (const row of this.#others) if (isCurrent(row)) lane.expiries.add(row);
    this.#others = [];
    this.#seen.clear();
    this.#marks.again();
    lane.isChanged = true;
  }

  run(now: number): void {
    const { lane, limits, isKeeper } = this.#parts;
    this.#ranMs = now;
    if (lane.isChanged && now >= this.#marks.nextMs(now)) {
      lane.isChanged = false;
      if (isKeeper?.() !== false) this.#marks.advance(lane.partitions, now);
    }
    const isMoreExpired = this.#expire(now);
    const due = this.#marks.first;
    const isDue = due !== undefined && due.ms <= now - limits.retentionMs;
    if (isDue) this.#purge(due, now);
    this.#isBusy = isDue || isMoreExpired;
  }

  /** Stages deletions in place of rows whose time is over. True when there are more. */
  #expire(now: number): boolean {
    const { lane, staging, limits } = this.#parts;
    // A flush that failed took the deletion with it, and so did an op that was on top when it was due.
    const pending = this.#expired.filter(isCurrent);
    for (const row of pending) if (row.slot?.staged === undefined) lane.expiries.add(row);
    this.#others = this.#others.filter(isCurrent);
    // One after the other, so that a slow store does not gather them into one great commit.
    this.#expired = pending.filter(({ slot }) => slot?.staged !== undefined);
    if (this.#expired.length > 0) return true;
    const due = lane.expiries.take(now, limits.reapRows);
    const deletions: Row[] = [];
    for (const row of due) {
      if (row.slot?.staged !== undefined) continue;
      const partition = lane.partition(row.pid);
      if (!partition.isOwn) {
        this.#others.push(row);
        continue;
      }
      deletions.push(row.ended(partition.epoch, ++partition.staged));
    }
    if (deletions.length > 0) staging.stageRows(deletions, now);
    this.#expired = due.filter(({ pid }) => lane.partition(pid).isOwn);
    return due.length === limits.reapRows;
  }

  /** Stages the purge of what a mark covers, or drops the mark when all of that is done. */
  #purge(mark: CommitMark, now: number): void {
    const { lane, staging, limits, isKeeper } = this.#parts;
    const keeps = isKeeper?.() !== false;
    // One after the other: until a purge is durable its rows are still there.
    if (this.#purges.some(({ pid, gc }) => !reaches(lane.partition(pid).gc, gc.offset))) return;
    const purges: Purge[] = [];
    let left = limits.reapRows;
    let isOthers = false;
    for (const [pid, target] of mark.offsets) {
      if (left <= 0) break;
      const { isOwn } = lane.partition(pid);
      if (!isOwn && !keeps) continue;
      const from = this.#seen.get(pid) ?? lane.partition(pid).gcOffset;
      if (compareOffsets(from, target) >= 0) continue;
      const rows = lane.partition(pid).changes.since(from, left);
      const covered = rows.filter((row) => compareOffsets(row, target) <= 0);
      const last = covered.at(-1);
      this.#seen.set(
        pid,
        covered.length < rows.length || last === undefined || rows.length < left ? target : last,
      );
      left -= covered.length;
      if (!isOwn) {
        // Its owner has still to purge them: the mark stays as long as that.
        if (covered.some(({ value }) => value === undefined)) {
          isOthers = true;
          this.#seen.set(pid, from);
        }
        continue;
      }
      const purge = purgeOf(
        pid,
        covered.filter(({ value }) => value === undefined),
        now,
      );
      if (purge !== undefined) purges.push(purge);
    }
    this.#purges = purges;
    if (purges.length > 0) staging.stagePurges(purges, now);
    else if (left > 0) {
      if (keeps && !isOthers) this.#marks.drop(now);
      else this.#marks.pass();
    }
  }
}
