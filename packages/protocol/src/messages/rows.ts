/** The parts that messages are made of: ids, positions, and the rows that repeat many times in a frame. */
import type { ErrorCode } from '../errors.js';
import type { Form, OpCode, Outcome, QueryChange } from './constants.js';

/** `[A-Za-z0-9_.:/-]{1,128}` */
export type MapName = string;
/** 1..512 UTF-8 bytes */
export type Key = string;
/** 64 random bits as 11 characters of base64url; also the node id of the realm's clock */
export type Session = string;
/** 128 random bits as 22 characters of base64url */
export type ClientId = string;
/** 0..270 */
export type Pid = number;
export type Epoch = number;
/** Offset inside (partition, epoch). `[epoch, n]` pairs are ordered lexicographically; (0,0) = before everything. */
export type N = number;
/** Packed time of a stamp: `millis * 2048 + counter` */
export type T = number;
/** 53-bit digest; 0 = nothing there */
export type Hash = number;
/** Hex digits below a partition's root; '' = the partition's root */
export type MerklePath = string;

/** The version a write was made on: none, a server stamp `[0, t, node]`, or an own earlier op `[1, session, seq]`. */
export type Base = readonly [0, T, string] | readonly [1, Session, number] | null;

/** One write inside a transaction. All of a transaction lie in one partition. */
export type SubRow = readonly [
  op: Exclude<OpCode, 5>,
  mapIdx: number,
  key: Key,
  base: Base,
  /** PUT, OR_ADD: the value; REMOVE: null; OR_REMOVE: the observed tags; INCREMENT: a non-zero safe integer */
  payload: unknown,
  ttlMs?: number | null,
];

/** One op, device → server. `mapIdx` points into `maps` of the frame. */
export type OpRow = readonly [
  seq: number,
  op: OpCode,
  mapIdx: number,
  key: Key,
  t: T,
  base: Base,
  /** as in SubRow; TRANSACTION: SubRow[], and mapIdx and key are those of the first */
  payload: unknown,
  ttlMs?: number | null,
  /** node id of the stamp, only when it is not the session of the frame (an op stamped anew) */
  node?: string | null,
];

/** One record, element or counter, server → device. `nodeIdx` points into `nodes` of the frame. */
export type ChangeRow = readonly [
  form: Form,
  key: Key,
  n: N,
  t: T,
  nodeIdx: number,
  /** LWW and OR present: the value; COUNTER: [positiveTotal, negativeTotal]; otherwise null */
  value?: unknown,
  ttlMs?: number | null,
  /** OR only: the op id in text form that added the element */
  tag?: string | null,
  /** the row's own epoch, when it is not the one named beside it */
  epoch?: Epoch | null,
];

/** `[seqFrom, count, outcome]` */
export type Span = readonly [seqFrom: number, count: number, outcome: Outcome];
/** What one op of the spans needs said beyond its outcome. `epoch` = of the row, when it is not the frame's. */
export type AckException = readonly [
  seq: number,
  code: ErrorCode | null,
  row: ChangeRow | null,
  epoch?: Epoch | null,
  /** why the resolver of the map rejected the op */
  reason?: string | null,
];
/** `[pid, epoch, n]` */
export type Position = readonly [pid: Pid, epoch: Epoch, n: N];
export type EventPart = readonly [
  pid: Pid,
  fromEpoch: Epoch,
  fromN: N,
  toEpoch: Epoch,
  toN: N,
  rows: readonly ChangeRow[],
];
/** Short hashes of six bytes each: see `packHashes`. */
export type Hashes = Uint8Array;
/** The hashes of the 16 children that the device has under a path; null = it has nothing there. */
export type MerkleNode = readonly [pid: Pid, path: MerklePath, children: Hashes | null];
/** Form 0: the hashes of 16 children; 1: the digests of all items under the path; 2: all rows under it. */
export type MerklePart =
  | readonly [pid: Pid, path: MerklePath, form: 0 | 1, hashes: Hashes]
  | readonly [pid: Pid, path: MerklePath, form: 2, rows: readonly BulkRow[]];
/**
 * A ChangeRow of a frame with many: `form + 5 * (1 + index)` says that the value is an object with the fields that
 * `shapes` lists at that index, and gives their values alone; `dt` is what `t` has beyond that of the frame.
 */
export type BulkRow = readonly [
  form: number,
  key: Key,
  n: N,
  dt: number,
  nodeIdx: number,
  value?: unknown,
  ttlMs?: number | null,
  tag?: string | null,
  epoch?: Epoch | null,
];
/** What the rows of a bulk frame share. */
export interface BulkTables {
  readonly epoch: Epoch;
  readonly t: T;
  readonly nodes: readonly string[];
  readonly shapes: readonly (readonly string[])[];
}
export type QueryRow = readonly [pid: Pid, epoch: Epoch, row: ChangeRow];
export type QueryDelta = readonly [change: QueryChange, pid: Pid, epoch: Epoch, row: ChangeRow];
export type SortTerm = readonly [path: string, direction: 'asc' | 'desc'];
