import type { Backlog, SlicesByPid } from './Backlog.js';
import { addSlices } from './Backlog.js';
import type { PackedSlice } from './chunkCodec.js';
import { foldPartition } from './foldPartition.js';
import { mergeSlices } from './mergeSlices.js';
import type { StoreFiles } from './StoreFiles.js';

export interface CompactorOptions {
  /** folding begins when the log holds more bytes than this */
  readonly logBytes: number;
  /** after so long a slice of work ends, and sockets and commits get their turn */
  readonly sliceMs: number;
  /** told when a pass ends early because the disk refuses; the next one waits until the log has grown */
  readonly onFault: (error: unknown) => void;
  /** called before each slice of a pass; a test ends the world here */
  readonly beforeSlice?: () => void | Promise<void>;
}

const LOG_ROWS_PER_REMOVAL = 1_000;
/** merged at once, before the first chunk is touched: some 10 ms */
const ROWS_PER_BITE = 8_192;

/**
 * Keeps the log short: folds it into the snapshot, partition by partition, and removes rows whose every slice is
 * folded. The snapshot is always committed before the rows it makes superfluous go, so at any moment snapshot and log
 * together hold everything; what both hold merges to the same.
 *
 * A long log makes folding cheap, for of the versions of a record only the last is written, and a chunk is rewritten once
 * for all its changes. What bounds it is the start, which reads it, and memory, which holds its bytes during a pass.
 */
export class Compactor {
  readonly #files: StoreFiles;
  readonly #backlog: Backlog;
  readonly #options: CompactorOptions;
  #pass: Promise<void> | undefined;
  #closing = false;
  #restUntilBytes = 0;
  /** passes that came to their end, those that the disk cut short, and the time of all of them */
  folds = 0;
  cutShort = 0;
  foldingMs = 0;

  constructor(files: StoreFiles, backlog: Backlog, options: CompactorOptions) {
    this.#files = files;
    this.#backlog = backlog;
    this.#options = options;
  }

  /** Called after each commit: starts a pass when one is due and none is running. */
  consider(): void {
    if (this.#pass !== undefined || this.#closing) return;
    const { logBytes } = this.#options;
    if (this.#backlog.bytes <= Math.max(logBytes, this.#restUntilBytes)) return;
    this.run().catch((error: unknown) => {
      // A full disk must not cost a new attempt at every commit.
      this.#restUntilBytes = this.#backlog.bytes + logBytes / 4;
      this.cutShort++;
      this.#options.onFault(error);
    });
  }

  /** Folds everything committed so far. Joins a pass under way. */
  run(): Promise<void> {
    const begunMs = performance.now();
    this.#pass ??= this.#fold().finally(() => {
      this.foldingMs += performance.now() - begunMs;
      this.#pass = undefined;
    });
    return this.#pass;
  }

  /** Ends a pass at its next slice; what is not folded stays in the log. */
  async close(): Promise<void> {
    this.#closing = true;
    await this.#pass?.catch(this.#options.onFault);
  }

  async #fold(): Promise<void> {
    const seqs = [...this.#backlog.seqs()];
    const slices = await this.#openLog(seqs);
    for (const [pid, pending] of slices) {
      if (this.#closing) return;
      await this.#foldOne(pid, pending);
      slices.delete(pid);
    }
    if (this.#closing) return;
    await this.#foldMeta();
    await this.#removeLog(seqs);
    this.folds++;
  }

  async #openLog(seqs: readonly number[]): Promise<SlicesByPid> {
    const slices: SlicesByPid = new Map();
    let end = performance.now() + this.#options.sliceMs;
    for (const seq of seqs) {
      if (this.#closing) break;
      addSlices(slices, this.#files.logRow(seq));
      if (performance.now() < end) continue;
      await new Promise((resolve) => setImmediate(resolve));
      end = performance.now() + this.#options.sliceMs;
    }
    return slices;
  }

  async #foldOne(pid: number, slices: readonly PackedSlice[]): Promise<void> {
    for (let from = 0; from < slices.length; ) {
      const to = biteEnd(slices, from);
      const merged = mergeSlices(slices.slice(from, to));
      // What is purged meanwhile is in the log, and so may go from the snapshot at once.
      merged.raiseGc(this.#backlog.gc().get(pid));
      const chunks = foldPartition(this.#files, pid, merged);
      while (!(await this.#foldSlice(chunks))) if (this.#closing) return;
      from = to;
    }
  }

  /** Folds chunks until time is up; true when there are no more. */
  async #foldSlice(chunks: Iterator<Promise<unknown>>): Promise<boolean> {
    await this.#options.beforeSlice?.();
    const written: Promise<unknown>[] = [];
    const end = performance.now() + this.#options.sliceMs;
    try {
      do {
        const step = chunks.next();
        if (step.done) return true;
        written.push(step.value);
      } while (performance.now() < end);
      return false;
    } finally {
      await Promise.all(written);
    }
  }

  async #foldMeta(): Promise<void> {
    const folded = new Map(this.#backlog.meta());
    if (folded.size > 0) await this.#files.putMeta(folded);
    this.#backlog.dropMeta(folded);
  }

  /** Oldest rows first, so that a stop in between leaves a log without a hole. */
  async #removeLog(seqs: readonly number[]): Promise<void> {
    for (let from = 0; from < seqs.length && !this.#closing; from += LOG_ROWS_PER_REMOVAL) {
      const some = seqs.slice(from, from + LOG_ROWS_PER_REMOVAL);
      await this.#options.beforeSlice?.();
      await this.#backlog.dropRows(some, () => this.#files.removeLog(some));
    }
  }
}

/** How many slices from `from` on are merged at once. */
function biteEnd(slices: readonly PackedSlice[], from: number): number {
  let to = from;
  for (let rows = 0; to < slices.length && rows < ROWS_PER_BITE; to++) {
    rows += slices[to]?.rows ?? 0;
  }
  return to;
}
