import type { Backlog } from './Backlog.js';
import { foldPartition } from './foldPartition.js';
import type { StoreFiles } from './StoreFiles.js';

export interface CompactorOptions {
  /** folding begins when the log holds more bytes than this, and more than half of the snapshot */
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
 * Waiting until the log is half the snapshot bounds the rewriting to about three times what was written.
 */
export class Compactor {
  readonly #files: StoreFiles;
  readonly #backlog: Backlog;
  readonly #options: CompactorOptions;
  #pass: Promise<void> | undefined;
  #closing = false;
  #restUntilBytes = 0;

  constructor(files: StoreFiles, backlog: Backlog, options: CompactorOptions) {
    this.#files = files;
    this.#backlog = backlog;
    this.#options = options;
  }

  /** Called after each commit: starts a pass when one is due and none is running. */
  consider(): void {
    if (this.#pass !== undefined || this.#closing) return;
    if (this.#backlog.bytes <= Math.max(this.#options.logBytes, this.#restUntilBytes)) return;
    if (this.#backlog.bytes <= this.#files.snapBytes() / 2) return;
    this.run().catch((error: unknown) => {
      // A full disk must not cost a new attempt at every commit.
      this.#restUntilBytes = this.#backlog.bytes + this.#options.logBytes / 4;
      this.#options.onFault(error);
    });
  }

  /** Folds everything committed so far. Joins a pass under way. */
  run(): Promise<void> {
    this.#pass ??= this.#fold(this.#backlog.lastSeq).finally(() => {
      this.#pass = undefined;
    });
    return this.#pass;
  }

  /** Ends a pass at its next slice; what is not folded stays in the log. */
  async close(): Promise<void> {
    this.#closing = true;
    await this.#pass?.catch(this.#options.onFault);
  }

  async #fold(cut: number): Promise<void> {
    for (const pid of this.#backlog.pids()) {
      await this.#foldOne(pid, cut);
      if (this.#closing) return;
    }
    await this.#foldMeta();
    await this.#removeLog(cut);
  }

  async #foldOne(pid: number, cut: number): Promise<void> {
    for (;;) {
      const bite = this.#backlog.biteOf(pid, cut, ROWS_PER_BITE);
      if (bite === undefined) return;
      const chunks = foldPartition(this.#files, pid, bite.slices);
      while (!(await this.#foldSlice(chunks))) if (this.#closing) return;
      this.#backlog.dropSlices(pid, bite.cut);
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
  async #removeLog(cut: number): Promise<void> {
    while (!this.#closing) {
      const seqs = this.#files.logKeys(cut, LOG_ROWS_PER_REMOVAL);
      if (seqs.length === 0) return;
      await this.#options.beforeSlice?.();
      await this.#files.removeLog(seqs);
      this.#backlog.dropRows(seqs);
    }
  }
}
