import { hashString, partitionOf, type TopGunError } from '@topgun/core';
import { serverError } from '../../errors.js';
import { Pace } from '../../utils/Pace.js';
import type { CommitGate } from '../CommitGate.js';
import { dedupId, itemId, itemIdOf } from '../itemId.js';
import { PartitionState, selectChanges } from '../PartitionState.js';
import type {
  CommitBatch,
  CommitResult,
  DedupRow,
  DedupState,
  GcMarks,
  Offset,
  Store,
  StoreBoot,
  StoredRecord,
} from '../Store.js';
import { compareOffsets } from '../Store.js';
import { addSlices, Backlog, type CommitOutline, outlineOf, type SlicesByPid } from './Backlog.js';
import { type BackupManifest, type CopyFacts, copyStore } from './backupStore.js';
import { Compactor } from './Compactor.js';
import { encodeCommit, type PackedSlice } from './chunkCodec.js';
import { isDiskFull } from './diskFaults.js';
import { type FolderLock, lockFolder } from './FolderLock.js';
import { dedupHash, lowFor } from './foldPartition.js';
import type { Pace as SlicePace } from './inSlices.js';
import { mergeSlices, mergeSlicesAt } from './mergeSlices.js';
import { isPurged, unpacked } from './PackedRecord.js';
import { FORMAT, FORMAT_ROW, StoreFiles } from './StoreFiles.js';
import { dropLifeRows, openLife, renewLife } from './StoreLife.js';

export interface EmbeddedStoreOptions {
  /** folder of the store, made when missing; one process at a time */
  readonly folder: string;
  /** bytes of log from which it is folded into the snapshot, default 64 MiB; more log = longer start, less writing */
  readonly compactLogBytes?: number;
  /** longest stretch of folding before sockets and commits get their turn, in ms, default 10 */
  readonly compactSliceMs?: number;
  /** does the long checks elsewhere than on this thread */
  readonly work?: StoreWork;
  /** told once when the store has stopped: the process should end, and start again after a look at the disk */
  readonly onStopped?: (error: TopGunError) => void;
  /** told when folding was cut short; the data is safe, the log grows */
  readonly onCompactionFault?: (error: unknown) => void;
  /** for tests: holds flushes back, makes commits fail */
  readonly gate?: CommitGate;
  /** for tests: called before each slice of folding */
  readonly beforeCompactionSlice?: () => void | Promise<void>;
}

/** Checks that read files and nothing else. Both throw STORE_CORRUPT. */
export interface StoreWork {
  /** looks at the pages of a data file before they are trusted */
  checkPages(file: string): Promise<void>;
  /** reads a copy whole; at the pace where it has to be done on this thread */
  readCopy(folder: string, pace: SlicePace): Promise<CopyFacts>;
}

export interface StoreSizes {
  /** of the log not yet folded */
  readonly logBytes: number;
  readonly snapshotBytes: number;
  /** since the store was opened: passes of folding that came to their end, those cut short, and their time */
  readonly folds: number;
  readonly foldsCutShort: number;
  readonly foldingMs: number;
}

/**
 * The default store: one lmdb folder, durable, nothing to install.
 *
 * A commit appends one checksummed chunk to a log and completes when lmdb has flushed it. A background compaction folds
 * the log into snapshot chunks by partition. A read merges both. See `docs/specs/storage.md`, rules STO-n.
 */
export class EmbeddedStore implements Store {
  readonly #options: EmbeddedStoreOptions;
  #lock: FolderLock | undefined;
  #files: StoreFiles | undefined;
  #backlog = new Backlog();
  /** the log opened, between the start and the first commit, and between commits once a read asked for it */
  #slices: SlicesByPid | undefined;
  /** of the partition read last: its records and its dedup rows are asked for one after the other */
  #merged: { readonly pid: number; readonly state: PartitionState } | undefined;
  #compactor: Compactor | undefined;
  #nextSeq = 1;
  #stopped: TopGunError | undefined;
  readonly #running = new Set<Promise<unknown>>();
  #closing = false;

  constructor(options: EmbeddedStoreOptions) {
    this.#options = options;
  }

  get folder(): string {
    return this.#options.folder;
  }

  async open(pace = new Pace()): Promise<StoreBoot> {
    const { folder } = this.#options;
    this.#closing = false;
    this.#lock = await lockFolder(folder);
    try {
      const { work } = this.#options;
      this.#files = work
        ? await StoreFiles.opened(folder, (file) => work.checkPages(file))
        : new StoreFiles(folder);
      const boot = await this.#boot(this.#files, pace);
      this.#compactor = new Compactor(this.#files, this.#backlog, {
        logBytes: this.#options.compactLogBytes ?? 64 * 1024 * 1024,
        sliceMs: this.#options.compactSliceMs ?? 10,
        onFault: (error) => this.#options.onCompactionFault?.(error),
        ...(this.#options.beforeCompactionSlice && { beforeSlice: this.#options.beforeCompactionSlice }),
      });
      return boot;
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  commit(batch: CommitBatch): Promise<CommitResult> {
    // Encoded here, for the wait for the disk would keep the whole batch from the garbage collector.
    return this.#run(this.#append(encodeCommit(batch), outlineOf(batch)));
  }

  /**
   * Copies the store as it stands at one moment to a new folder, while commits go on (BAK-1). `now` is the time that the backup
   * tells. Throws as `copyStore`, and SERVER_STATE when the store closes meanwhile.
   */
  backup(to: string, now: Date): Promise<BackupManifest> {
    const { work } = this.#options;
    const pace = { restPerMs: 1, check: () => this.#checkOpen('backup') };
    const read = work && ((draft: string) => work.readCopy(draft, pace));
    return this.#run(copyStore(this.#opened(), to, now, pace, read));
  }

  async read(map: string, key: string, tag?: string): Promise<StoredRecord | undefined> {
    const id = itemId(map, key, tag);
    const pid = partitionOf(key);
    const record = this.#stateAround(pid, hashString(id)).records.get(id);
    return record === undefined || isPurged(this.#gc(pid), record) ? undefined : unpacked(record);
  }

  scan(pid: number, visit: (record: StoredRecord) => void, pace = new Pace()): Promise<void> {
    const records = (pending: PartitionState): Iterable<StoredRecord> => this.#records(pid, pending);
    return this.#run(this.#walk(pid, pace, records, (record) => visit(unpacked(record))));
  }

  async changesSince(pid: number, after: Offset, limit: number): Promise<readonly StoredRecord[]> {
    return selectChanges(this.#records(pid, this.#pending(pid)), after, limit).map(unpacked);
  }

  async readDedup(pid: number, clientId: string, session: string): Promise<DedupState | undefined> {
    return this.#stateAround(pid, dedupHash(clientId, session)).dedupOf(clientId, session);
  }

  scanDedup(pid: number, visit: (row: DedupRow) => void, pace = new Pace()): Promise<void> {
    return this.#run(this.#walk(pid, pace, (pending) => this.#dedupRows(pid, pending), visit));
  }

  renew(): Promise<string> {
    return renewLife(this.#opened());
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#options.gate?.release();
    await Promise.allSettled(this.#running);
    await this.#compactor?.close();
    await this.#files?.close();
    await this.#lock?.release();
    this.#files = undefined;
    this.#compactor = undefined;
    this.#lock = undefined;
  }

  /** Folds the whole log now; for tests, and before a backup. */
  async compact(): Promise<void> {
    await this.#compactor?.run();
  }

  sizes(): StoreSizes {
    const { folds = 0, cutShort = 0, foldingMs = 0 } = this.#compactor ?? {};
    return {
      logBytes: this.#backlog.bytes,
      snapshotBytes: this.#files?.snapBytes() ?? 0,
      folds,
      foldsCutShort: cutShort,
      foldingMs,
    };
  }

  /** Work that `close` waits for. */
  #run<T>(work: Promise<T>): Promise<T> {
    this.#running.add(work);
    const done = (): boolean => this.#running.delete(work);
    work.then(done, done);
    return work;
  }

  #checkOpen(what: string): void {
    if (this.#closing) throw serverError('SERVER_STATE', `The store closed during the ${what}.`);
  }

  /** A cursor of lmdb is open all along, and must not outlive the files: closing ends it. */
  async #walk<T>(
    pid: number,
    pace: Pace,
    rows: (pending: PartitionState) => Iterable<T>,
    visit: (row: T) => void,
  ): Promise<void> {
    const pending = await this.#pendingAt(pace, pid);
    await pace.visit(rows(pending), (row) => {
      this.#checkOpen('scan');
      visit(row);
    });
  }

  async #append(chunk: Buffer, outline: CommitOutline): Promise<CommitResult> {
    if (this.#stopped !== undefined) return 'failed';
    const files = this.#opened();
    const fault = this.#options.gate?.takeFault();
    if (fault === 'failed') return 'failed';
    const seq = this.#nextSeq++;
    try {
      await files.append(seq, chunk);
    } catch (error) {
      return this.#judge(error);
    }
    await this.#options.gate?.flushed();
    this.#backlog.add(seq, chunk.length, outline);
    this.#slices = undefined;
    this.#merged = undefined;
    this.#compactor?.consider();
    return fault ?? 'committed';
  }

  async #judge(error: unknown): Promise<CommitResult> {
    if (await isDiskFull(this.#options.folder, error)) return 'failed';
    if (this.#stopped === undefined) {
      this.#stopped = serverError(
        'STORE_STOPPED',
        `The disk refused a commit to ${this.#options.folder}.`,
        error,
      );
      this.#options.onStopped?.(this.#stopped);
    }
    return 'unknown';
  }

  async #boot(files: StoreFiles, pace: Pace): Promise<StoreBoot> {
    const meta = files.metaRows();
    await this.#checkFormat(files, meta);
    this.#backlog = new Backlog();
    const slices: SlicesByPid = new Map();
    for (const { seq, bytes, commit } of files.logRows()) {
      this.#backlog.add(seq, bytes, commit);
      addSlices(slices, commit);
      // What is looked at are the heads of slices, one to a partition.
      const rest = pace.step(commit.slices.length);
      if (rest !== undefined) await rest;
    }
    this.#slices = slices;
    this.#nextSeq = this.#backlog.lastSeq + 1;
    for (const [name, value] of this.#backlog.meta()) {
      if (value === null) meta.delete(name);
      else meta.set(name, value);
    }
    const partitions = new Map<number, Offset>();
    for (const [pid, { high, gc }] of files.heads()) {
      partitions.set(pid, high);
      this.#backlog.raiseGc(pid, gc);
    }
    for (const [pid, high] of this.#backlog.highs()) {
      if (compareOffsets(partitions.get(pid) ?? { epoch: 0, n: 0 }, high) < 0) partitions.set(pid, high);
    }
    const life = await openLife(this.#options.folder, files, meta);
    meta.delete(FORMAT_ROW);
    dropLifeRows(meta);
    return { ...life, partitions, gc: this.#backlog.gc(), meta };
  }

  async #checkFormat(files: StoreFiles, meta: Map<string, unknown>): Promise<void> {
    const format = meta.get(FORMAT_ROW);
    if (format === FORMAT) return;
    if (format !== undefined) {
      const message = `The folder ${this.#options.folder} has format ${String(format)}; this version reads format ${FORMAT}.`;
      throw serverError('STORE_VERSION', message);
    }
    await files.putMeta(new Map([[FORMAT_ROW, FORMAT]]));
    meta.set(FORMAT_ROW, FORMAT);
  }

  #opened(): StoreFiles {
    if (this.#stopped !== undefined) throw this.#stopped;
    if (this.#files === undefined)
      throw serverError('SERVER_STATE', `The store in ${this.#options.folder} is not open.`);
    return this.#files;
  }

  /** What complete commits hold of a partition beyond the snapshot; what is folded meanwhile merges to the same. */
  #slicesOf(pid: number): readonly PackedSlice[] {
    if (this.#slices === undefined) {
      this.#slices = new Map();
      for (const seq of this.#backlog.unfolded()) addSlices(this.#slices, this.#opened().logRow(seq));
    }
    return this.#slices.get(pid) ?? [];
  }

  #pending(pid: number): PartitionState {
    return mergeSlices(this.#slicesOf(pid));
  }

  async #pendingAt(pace: Pace, pid: number): Promise<PartitionState> {
    const slices = this.#slicesOf(pid);
    if (this.#merged?.pid === pid) return this.#merged.state;
    const state = await mergeSlicesAt(pace, slices);
    // Of what was committed meanwhile it knows nothing.
    if (this.#slices !== undefined) this.#merged = { pid, state };
    return state;
  }

  /** How far a partition is purged. */
  #gc(pid: number): GcMarks | undefined {
    return this.#backlog.gc().get(pid);
  }

  /** The chunk that covers a hash, merged with all that is pending: enough to look up one item. */
  #stateAround(pid: number, hash: number): PartitionState {
    const files = this.#opened();
    const state = new PartitionState();
    const stored = files.snapChunk(pid, lowFor(files.snapLows(pid), hash));
    if (stored !== undefined) state.absorb(stored);
    state.absorb(this.#pending(pid).slice(pid));
    return state;
  }

  /** Every record of a partition; what is stored and not pending is never put into a map. */
  *#records(pid: number, pending: PartitionState): Iterable<StoredRecord> {
    const gc = this.#gc(pid);
    for (const slice of this.#opened().snapChunks(pid)) {
      for (const record of slice.records) {
        if (pending.records.has(itemIdOf(record))) pending.absorbRecord(record);
        else if (!isPurged(gc, record)) yield record;
      }
    }
    for (const record of pending.records.values()) if (!isPurged(gc, record)) yield record;
  }

  *#dedupRows(pid: number, pending: PartitionState): Iterable<DedupRow> {
    const merged = new PartitionState();
    for (const slice of this.#opened().snapChunks(pid)) {
      for (const row of slice.dedup) {
        if (pending.dedup.has(dedupId(row.clientId, row.session))) merged.absorbDedup(row);
        else yield row;
      }
    }
    // What was stored first goes first: an entry once written stays.
    for (const row of pending.dedup.values()) merged.absorbDedup(row);
    yield* merged.liveDedup();
  }
}
