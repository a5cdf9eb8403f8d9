import { mergeGc } from '../gcMarks.js';
import type { GcMarks, MetaRow, Offset } from '../Store.js';
import { compareOffsets } from '../Store.js';
import type { OpenedCommit, PackedSlice } from './chunkCodec.js';

/** Slices of commits by partition, in commit order. They hold the bytes of the log, not its records. */
export type SlicesByPid = Map<number, PackedSlice[]>;

export function addSlices(slices: SlicesByPid, commit: OpenedCommit): void {
  for (const slice of commit.slices) {
    const list = slices.get(slice.pid);
    if (list === undefined) slices.set(slice.pid, [slice]);
    else list.push(slice);
  }
}

interface Outlined {
  readonly pid: number;
  readonly high: Offset;
  readonly gc?: GcMarks | undefined;
}

/** What the backlog keeps of a commit. */
export interface CommitOutline {
  readonly slices: readonly Outlined[];
  readonly meta: readonly MetaRow[];
}

/** The outline of a commit, which does not hold its rows. */
export function outlineOf({ slices, meta }: CommitOutline): CommitOutline {
  return { slices: slices.map(({ pid, high, gc }) => ({ pid, high, gc })), meta };
}

/**
 * What is known of the log beyond the snapshot: which rows, how long, the offsets, purges and meta values in them.
 *
 * Records are not kept: holding every commit until it is folded made the garbage collector the greatest cost of a
 * write. Whoever needs them decodes the log again, which folding does once and reads hardly ever do.
 */
export class Backlog {
  readonly #bytesBySeq = new Map<number, number>();
  /** of these, those that a pass has folded and removes from the disk */
  readonly #going = new Set<number>();
  readonly #highs = new Map<number, Offset>();
  readonly #meta = new Map<string, unknown>();
  readonly #gc = new Map<number, GcMarks>();
  #bytes = 0;
  #lastSeq = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** Rows whose commit is complete, oldest first. */
  seqs(): Iterable<number> {
    return this.#bytesBySeq.keys();
  }

  /** Of these, those that a read needs beside the snapshot. */
  *unfolded(): Iterable<number> {
    for (const seq of this.#bytesBySeq.keys()) if (!this.#going.has(seq)) yield seq;
  }

  add(seq: number, bytes: number, commit: CommitOutline): void {
    for (const slice of commit.slices) {
      const high = this.#highs.get(slice.pid);
      if (high === undefined || compareOffsets(high, slice.high) < 0) this.#highs.set(slice.pid, slice.high);
      this.raiseGc(slice.pid, slice.gc);
    }
    for (const row of commit.meta) this.#meta.set(row.name, row.value);
    this.#bytesBySeq.set(seq, bytes);
    this.#bytes += bytes;
    this.#lastSeq = Math.max(this.#lastSeq, seq);
  }

  /** Highest offsets seen in the log; they outlive folding. */
  highs(): ReadonlyMap<number, Offset> {
    return this.#highs;
  }

  /** How far the partitions are purged, by snapshot and log. */
  gc(): ReadonlyMap<number, GcMarks> {
    return this.#gc;
  }

  raiseGc(pid: number, gc: GcMarks | undefined): void {
    const raised = mergeGc(this.#gc.get(pid), gc);
    if (raised !== undefined) this.#gc.set(pid, raised);
  }

  meta(): ReadonlyMap<string, unknown> {
    return this.#meta;
  }

  /** They are folded whole: while `remove` takes them from the disk, nobody is to look for them there. */
  async dropRows(seqs: readonly number[], remove: () => Promise<unknown>): Promise<void> {
    for (const seq of seqs) this.#going.add(seq);
    try {
      await remove();
      for (const seq of seqs) {
        this.#bytes -= this.#bytesBySeq.get(seq) ?? 0;
        this.#bytesBySeq.delete(seq);
      }
    } finally {
      for (const seq of seqs) this.#going.delete(seq);
    }
  }

  /** Forgets meta values that have been folded, unless a later commit changed them meanwhile. */
  dropMeta(folded: ReadonlyMap<string, unknown>): void {
    for (const [name, value] of folded) if (this.#meta.get(name) === value) this.#meta.delete(name);
  }
}
