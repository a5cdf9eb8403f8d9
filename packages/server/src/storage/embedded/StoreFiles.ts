import { join } from 'node:path';
import type { Database, RootDatabase } from 'lmdb';
import { serverError } from '../../errors.js';
import type { GcMarks, Offset, PartitionSlice } from '../Store.js';
import { checkPages } from './checkPages.js';
import { type OpenedCommit, openChunk, openCommit, sealChunk } from './chunkCodec.js';
import { MetaTable } from './MetaTable.js';
import { DATA_FILE, environmentError, openEnvironment } from './openEnvironment.js';

/** Layout of the folder this version writes and reads. */
export const FORMAT = 3;
/** Name of the meta row that says so. */
export const FORMAT_ROW = '.format';

/** Key of a snapshot chunk: its partition and the lowest item hash it covers, up to the next chunk's. */
export type SnapKey = [pid: number, lowest: number];

export interface SnapChunk {
  readonly lowest: number;
  /** undefined: nothing is left in its range */
  readonly bytes: Buffer | undefined;
}

/** One commit of the log. */
export interface LogRow {
  readonly seq: number;
  readonly bytes: number;
  readonly commit: OpenedCommit;
}

/** Where a partition stands in the snapshot. */
export interface Head {
  readonly high: Offset;
  readonly gc: GcMarks | undefined;
}

/** A head as it is stored. */
type HeadRow = [
  epoch: number,
  n: number,
  floorT?: number,
  floorNode?: string,
  gcEpoch?: number,
  gcN?: number,
  repaired?: number,
];

/**
 * The lmdb folder and its four tables:
 *
 *   log    seq → one chunk per commit, in commit order
 *   snap   [pid, lowest hash] → merged records and dedup rows whose item hash lies in that range
 *   heads  pid → [epoch, n] or [epoch, n, …gc marks]: last offset of the partition, and how far it is purged, as folded
 *          into snap
 *   meta   name → value, as folded; the store's own facts under names that begin with '.'
 *
 * A commit costs one row whatever it holds, because a row of lmdb costs more than encoding ten records. Values are
 * sealed by a checksum: lmdb guards its tree by copy-on-write, not against bits that turn on the disk.
 */
export class StoreFiles {
  readonly root: RootDatabase<Buffer, string>;
  readonly #log: Database<Buffer, number>;
  readonly #snap: Database<Buffer, SnapKey>;
  readonly #heads: Database<Buffer, number>;
  readonly #meta: MetaTable;

  /** `isChecked`: somebody has looked at the pages. Throws STORE_CORRUPT, STORE_UNAVAILABLE. */
  constructor(folder: string, isChecked = false) {
    try {
      if (!isChecked) checkPages(join(folder, DATA_FILE));
      this.root = openEnvironment(folder);
      this.#log = this.root.openDB({ name: 'log', encoding: 'binary' });
      this.#snap = this.root.openDB({ name: 'snap', encoding: 'binary' });
      this.#heads = this.root.openDB({ name: 'heads', encoding: 'binary' });
      this.#meta = new MetaTable(this.root);
    } catch (cause) {
      throw environmentError(folder, cause);
    }
  }

  /** As the constructor, with the pages looked at by `check`, which may take its time elsewhere. */
  static async opened(folder: string, check: (file: string) => Promise<void>): Promise<StoreFiles> {
    try {
      await check(join(folder, DATA_FILE));
    } catch (cause) {
      throw environmentError(folder, cause);
    }
    return new StoreFiles(folder, true);
  }

  /** One commit at the end of the log. Resolves when it is on the disk. */
  append(seq: number, chunk: Buffer): Promise<boolean> {
    return this.#log.put(seq, chunk);
  }

  /** The log in order, as it stood at the first row. */
  *logRows(): Iterable<LogRow> {
    for (const { key, value } of this.#log.getRange())
      yield { seq: key, bytes: value.length, commit: openCommit(value, `log row ${key}`) };
  }

  /** One commit of the log. */
  logRow(seq: number): OpenedCommit {
    const chunk = this.#log.get(seq);
    if (chunk === undefined) throw serverError('STORE_CORRUPT', `Log row ${seq} is gone.`);
    return openCommit(chunk, `log row ${seq}`);
  }

  removeLog(seqs: readonly number[]): Promise<boolean> {
    return this.root.batch(() => {
      for (const seq of seqs) void this.#log.remove(seq);
    });
  }

  /** Lowest hashes of the chunks of a partition, ascending. */
  snapLows(pid: number): number[] {
    return [...this.#snap.getKeys({ start: [pid, 0], end: [pid + 1, 0] })].map(([, lowest]) => lowest);
  }

  snapChunk(pid: number, lowest: number): PartitionSlice | undefined {
    const chunk = this.#snap.get([pid, lowest]);
    return chunk === undefined ? undefined : sliceIn(chunk, pid, lowest);
  }

  *snapChunks(pid: number): Iterable<PartitionSlice> {
    for (const { key, value } of this.#snap.getRange({ start: [pid, 0], end: [pid + 1, 0] })) {
      const slice = sliceIn(value, pid, key[1]);
      if (slice !== undefined) yield slice;
    }
  }

  /** Several chunks of one partition, all or none. */
  putSnap(pid: number, chunks: readonly SnapChunk[]): Promise<boolean> {
    return this.root.batch(() => {
      for (const { lowest, bytes } of chunks) {
        if (bytes === undefined) void this.#snap.remove([pid, lowest]);
        else void this.#snap.put([pid, lowest], bytes);
      }
    });
  }

  snapBytes(): number {
    // lmdb counts pages; a chunk fills whole ones.
    const { pageSize, treeLeafPageCount, overflowPages } = this.#snap.getStats() as SnapStats;
    return pageSize * (treeLeafPageCount + overflowPages);
  }

  heads(): Map<number, Head> {
    const heads = new Map<number, Head>();
    for (const { key, value } of this.#heads.getRange()) heads.set(key, headIn(value, key));
    return heads;
  }

  head(pid: number): Head | undefined {
    const value = this.#heads.get(pid);
    return value === undefined ? undefined : headIn(value, pid);
  }

  putHead(pid: number, { high, gc }: Head): Promise<boolean> {
    const marks = gc === undefined ? [] : [gc.floor.t, gc.floor.node, gc.offset.epoch, gc.offset.n];
    if (gc?.repaired !== undefined) marks.push(gc.repaired);
    return this.#heads.put(pid, sealChunk([high.epoch, high.n, ...marks]));
  }

  metaRows(): Map<string, unknown> {
    return this.#meta.rows();
  }

  putMeta(rows: ReadonlyMap<string, unknown>): Promise<boolean> {
    return this.#meta.put(rows);
  }

  async close(): Promise<void> {
    await this.root.close();
  }
}

interface SnapStats {
  readonly pageSize: number;
  readonly treeLeafPageCount: number;
  readonly overflowPages: number;
}

function sliceIn(chunk: Buffer, pid: number, lowest: number): PartitionSlice | undefined {
  return openCommit(chunk, `snapshot chunk ${pid}/${lowest}`).slices[0]?.read();
}

function headIn(value: Buffer, pid: number): Head {
  const row = openChunk(value, `the head of partition ${pid}`) as HeadRow;
  const [epoch, n, t, node = '', gcEpoch = 0, gcN = 0, repaired] = row;
  if (t === undefined) return { high: { epoch, n }, gc: undefined };
  const marks = { floor: { t, node }, offset: { epoch: gcEpoch, n: gcN } };
  const gc = repaired === undefined ? marks : { ...marks, repaired };
  return { high: { epoch, n }, gc };
}
