import type { CommitBatch, Offset, PartitionSlice } from '../Store.js';
import { compareOffsets } from '../Store.js';

interface PendingSlice {
  readonly seq: number;
  readonly slice: PartitionSlice;
}

/** Slices to fold at once, and the seq of the last of them. */
export interface Bite {
  readonly slices: readonly PartitionSlice[];
  readonly cut: number;
}

/**
 * What the log holds beyond the snapshot, by partition. It keeps the very objects of the commits, which the engine
 * holds as well, so it costs little; the compactor bounds it together with the log.
 */
export class Backlog {
  readonly #slices = new Map<number, PendingSlice[]>();
  readonly #meta = new Map<string, unknown>();
  readonly #bytesBySeq = new Map<number, number>();
  readonly #highs = new Map<number, Offset>();
  #bytes = 0;
  #lastSeq = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  add(seq: number, bytes: number, batch: CommitBatch): void {
    for (const slice of batch.slices) {
      const list = this.#slices.get(slice.pid);
      if (list === undefined) this.#slices.set(slice.pid, [{ seq, slice }]);
      else list.push({ seq, slice });
      const high = this.#highs.get(slice.pid);
      if (high === undefined || compareOffsets(high, slice.high) < 0) this.#highs.set(slice.pid, slice.high);
    }
    for (const row of batch.meta) this.#meta.set(row.name, row.value);
    this.#bytesBySeq.set(seq, bytes);
    this.#bytes += bytes;
    this.#lastSeq = Math.max(this.#lastSeq, seq);
  }

  /** Highest offsets seen in the log; they outlive folding. */
  highs(): ReadonlyMap<number, Offset> {
    return this.#highs;
  }

  meta(): ReadonlyMap<string, unknown> {
    return this.#meta;
  }

  pids(): number[] {
    return [...this.#slices.keys()];
  }

  slicesOf(pid: number): PartitionSlice[] {
    return (this.#slices.get(pid) ?? []).map((pending) => pending.slice);
  }

  /** The oldest slices of a partition up to `cut`, ended early once they hold `rows` records; undefined when none. */
  biteOf(pid: number, cut: number, rows: number): Bite | undefined {
    const slices: PartitionSlice[] = [];
    let last = 0;
    let taken = 0;
    for (const { seq, slice } of this.#slices.get(pid) ?? []) {
      if (seq > cut || taken >= rows) break;
      slices.push(slice);
      taken += slice.records.length + slice.dedup.length;
      last = seq;
    }
    return slices.length === 0 ? undefined : { slices, cut: last };
  }

  /** Forgets what has been folded into the snapshot. */
  dropSlices(pid: number, cut: number): void {
    const rest = (this.#slices.get(pid) ?? []).filter((pending) => pending.seq > cut);
    if (rest.length === 0) this.#slices.delete(pid);
    else this.#slices.set(pid, rest);
  }

  dropRows(seqs: readonly number[]): void {
    for (const seq of seqs) {
      this.#bytes -= this.#bytesBySeq.get(seq) ?? 0;
      this.#bytesBySeq.delete(seq);
    }
  }

  /** Forgets meta values that have been folded, unless a later commit changed them meanwhile. */
  dropMeta(folded: ReadonlyMap<string, unknown>): void {
    for (const [name, value] of folded) if (this.#meta.get(name) === value) this.#meta.delete(name);
  }
}
