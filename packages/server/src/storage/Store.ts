import type { Kind } from '@topgun/protocol';
import type { Pace } from '../utils/Pace.js';

/** Place of a change in its partition: ordered by epoch, then n. (0,0) lies before everything. */
export interface Offset {
  readonly epoch: number;
  readonly n: number;
}

/** The unit of merge, identified by (map, key) and for elements of an OR map also by the tag. */
export interface StoredRecord {
  readonly map: string;
  readonly key: string;
  /** OR only: the op id that added the element */
  readonly tag?: string;
  readonly kind: Kind;
  /** undefined = tombstone (LWW) or removed tag (OR); PN: [positiveTotal, negativeTotal] */
  readonly value: unknown;
  /** packed time of the stamp: `millis * 2048 + counter` */
  readonly t: number;
  readonly node: string;
  readonly ttlMs?: number;
  /** offset of the last change: epoch and n */
  readonly epoch: number;
  readonly n: number;
  /** subject of the writer that created it */
  readonly owner?: string;
  /** on maps with a resolver: the op that this version was made from, `session:seq` (SRV-7) */
  readonly from?: string;
  /** LWW only: epoch of the last repair of the item; its versions beat all from before it, whatever their stamps (CLK-7) */
  readonly repaired?: number;
  /** `hashValue` of a present value, where it has been asked for before */
  valueHash?(): number;
}

/** What became of one op, kept until the client has settled it (SRV-3). */
export interface DedupEntry {
  readonly seq: number;
  /** 0 applied, 1 superseded, 2 changed, 3 rejected */
  readonly outcome: 0 | 1 | 2 | 3;
  readonly code?: string;
  /** why a resolver rejected it */
  readonly reason?: string;
  readonly t: number;
  readonly node: string;
  readonly n: number;
  readonly epoch: number;
  readonly fingerprint: number;
  readonly concern?: number;
}

/** As `settledBelow`: the session will never be heard of again, and its row goes. What was stored under it counts as settled. */
export const FORGOTTEN = Number.MAX_SAFE_INTEGER;

/** Dedup of one (partition, client, session): the entries changed by this commit; those below settledBelow go. */
export interface DedupRow {
  readonly clientId: string;
  readonly session: string;
  readonly settledBelow: number;
  readonly entries: readonly DedupEntry[];
}

/** Stamp of a version: packed time, and the node that made it. */
export interface Stamp {
  readonly t: number;
  readonly node: string;
}

/** How far the deletions of a partition have been purged (GC-1). Neither mark ever goes back. */
export interface GcMarks {
  /** gcFloor, the highest purged stamp: judges ops */
  readonly floor: Stamp;
  /** gcOffset, the highest purged offset: judges cursors. Every deletion at or below it is purged. */
  readonly offset: Offset;
  /** the latest repair among the purged deletions: what is written where one stood comes after it (CLK-7) */
  readonly repaired?: number;
}

export interface PartitionSlice {
  readonly pid: number;
  /** last offset given out in the partition */
  readonly high: Offset;
  /** purges: deletions that end at or below its offset go, in the same commit that raises the marks */
  readonly gc?: GcMarks;
  readonly records: readonly StoredRecord[];
  /** at most one row per client and session */
  readonly dedup: readonly DedupRow[];
}

/**
 * A named fact of the node: map kinds `map:<name>`, client bindings `client:<clientId>`, ended sessions
 * `ended:<clientId>:<session>`, clock high-water `clock`, commit marks `gc:<ms>`, the key of cursors `cursorKey`,
 * repairs `repair:<number>`, webhooks `hook:…` (`engine/outbox/Delivery.ts`).
 */
export interface MetaRow {
  readonly name: string;
  /** null takes the fact back */
  readonly value: unknown;
  /**
   * A fact that several nodes might decide (CLU-25): what its node knows to stand there, undefined = nothing. Where neither that nor the
   * very value stands, the whole commit is void. Asked of a `SharedStore` only.
   */
  readonly was?: { readonly value: unknown };
}

/** Everything of one flush; stored as a whole or not at all. Its objects must not change after the call. */
export interface CommitBatch {
  readonly slices: readonly PartitionSlice[];
  readonly meta: readonly MetaRow[];
}

/**
 * `committed`: durable. `failed`: nothing of it is stored, for certain. `unknown`: it may or may not be stored; settle
 * it by reading the dedup rows again. `contradicted`: nothing of it is stored, for another node has decided a fact otherwise.
 */
export type CommitResult = 'committed' | 'failed' | 'unknown' | 'contradicted';

export interface StoreBoot {
  /** opaque id of the life of this store */
  readonly incarnation: string;
  /** the life before, when this opening found a copy or an older state and began a new life (INC-1) */
  readonly renewedFrom?: string;
  /** when the present life began, ms since the epoch, if it began because time was lost */
  readonly renewedAtMs?: number;
  /** last offset of every partition that ever had one */
  readonly partitions: ReadonlyMap<number, Offset>;
  /** how far the deletions of a partition are purged, for those where any ever were */
  readonly gc: ReadonlyMap<number, GcMarks>;
  readonly meta: ReadonlyMap<string, unknown>;
  /** of a store that nodes share: the revision of its facts */
  readonly revision?: number;
}

/** The dedup entries held for one (partition, client, session), by rising seq. */
export interface DedupState {
  readonly settledBelow: number;
  readonly entries: readonly DedupEntry[];
}

/**
 * Makes what the node holds in memory durable. Writes are merges: a row changes only if the incoming record wins, so
 * no order of commits can lose one. Every implementation passes `describeServerStorage`.
 */
export interface Store {
  /**
   * Opens or creates the store; what takes long is done at the pace that is given. Throws STORE_LOCKED, STORE_VERSION,
   * STORE_CORRUPT, STORE_UNAVAILABLE.
   */
  open(pace?: Pace): Promise<StoreBoot>;
  /** Resolves only when the batch is durable. Never throws for I/O faults: answers `failed` or `unknown`. */
  commit(batch: CommitBatch): Promise<CommitResult>;
  read(map: string, key: string, tag?: string): Promise<StoredRecord | undefined>;
  /**
   * Visits every record of a partition once, tombstones included, in no particular order. With a pace, others have their
   * turn in between; whether what is committed meanwhile is visited is not said.
   */
  scan(pid: number, visit: (record: StoredRecord) => void, pace?: Pace): Promise<void>;
  /**
   * Records last changed after an offset, by rising offset. At most `limit`, except that records sharing the last
   * offset (a transaction) are never parted.
   */
  changesSince(pid: number, after: Offset, limit: number): Promise<readonly StoredRecord[]>;
  readDedup(pid: number, clientId: string, session: string): Promise<DedupState | undefined>;
  scanDedup(pid: number, visit: (row: DedupRow) => void, pace?: Pace): Promise<void>;
  /** Begins a new life of the store: its incarnation, on the disk when the promise resolves (INC-2). Throws for I/O faults. */
  renew(): Promise<string>;
  /** Waits for commits under way, then lets go of the store. */
  close(): Promise<void>;
}

/** How far a partition has got, and how far its deletions are purged. */
export interface PartitionPlace {
  readonly high: Offset;
  readonly gc?: GcMarks;
}

/** What a store of several nodes holds by one moment, as far as it is asked for. */
export interface SharedState {
  readonly incarnation: string;
  readonly partitions: ReadonlyMap<number, PartitionPlace>;
  /** of the last commit that carried facts */
  readonly revision: number;
  /** what has changed since the revision that was named; null = taken back */
  readonly facts: ReadonlyMap<string, unknown>;
}

/** A store that several nodes write to (CLU-20 to CLU-26). */
export interface SharedStore extends Store {
  /**
   * As `commit`; with the revision of its facts, which rises by one with each commit that carries any, over all nodes, in the order in
   * which they are committed. 0: it carried none, or the revision is not known.
   */
  commitShared(batch: CommitBatch): Promise<{ readonly result: CommitResult; readonly revision: number }>;
  /** Everything that was committed before the call is in it. Throws STORE_STOPPED for a revision so old that what was taken back since is not known any more. */
  sharedState(afterRevision: number): Promise<SharedState>;
}

/** Negative when `a` lies before `b`. */
export function compareOffsets(a: Offset, b: Offset): number {
  return a.epoch - b.epoch || a.n - b.n;
}
