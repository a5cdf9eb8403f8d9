import { utf8Length } from '@topgun/core';
import { type Base, type Concern, OP, type OpCode, PERSISTED } from '@topgun/protocol';
import type { StoreKey } from '../storage/IStorageAdapter.js';

/** The ops of one write. */
export type WriteCode = Exclude<OpCode, 5>;

/** The names of writes, by their codes. */
export const OP_NAMES = Object.keys(OP) as readonly Exclude<keyof typeof OP, 'TRANSACTION'>[];

/** How far the way of an op is known to have come, beyond the log: the codes of `WriteLevel`. */
export const REACH = { NOTHING: 0, SENT: 1, RECEIVED: 2, APPLIED: 3 } as const;
export type Reach = (typeof REACH)[keyof typeof REACH];

/** One write of a transaction, as it is made. */
export interface Write {
  readonly op: WriteCode;
  readonly map: string;
  readonly key: string;
  readonly value: unknown;
  readonly ttlMs: number | undefined;
  readonly base?: Base;
  /** See `PendingOp`. */
  readonly wanted?: unknown;
}

/**
 * An own write that the server has not settled, or a transaction of several. In the overlay a write counts as a version:
 * `value` undefined = removed.
 */
export interface PendingOp {
  readonly session: string;
  readonly seq: number;
  readonly op: OpCode;
  /** The writes of a transaction; its own map and key are those of the first of them. */
  readonly parts?: readonly PendingWrite[];
  /** The transaction that this write is part of. */
  readonly whole?: PendingOp;
  readonly map: string;
  readonly key: string;
  t: number;
  /** Of the clock that stamped it: its session's, unless that was set back or the op got a new id. */
  node: string;
  base: Base;
  /** PUT, OR_ADD: the value; OR_REMOVE: the tags; INCREMENT: the delta. */
  value: unknown;
  readonly ttlMs: number | undefined;
  /** The tag an OR_ADD makes: its op id, in a transaction with its place. */
  tag: string;
  /** An OR_REMOVE made before the store was loaded names a value; its tags are found later. */
  readonly wanted?: unknown;
  /** Given to a storage transaction. */
  isIssued: boolean;
  /** That transaction has committed: only now it may be sent. */
  isLogged: boolean;
  /** The server may have it: sent by this realm, or found in the log. */
  isSent: boolean;
  /** Answered, and waiting for the answers of earlier ops on its key, or of its counter (DEV-5). */
  isAnswered: boolean;
  /** What the server is asked to answer before it has stored the op (SRV-9); PERSISTED: nothing. */
  concern: Concern;
  reach: Reach;
  /** Answered by another life of the server's store, and sent again to this one; not in the overlay (INC-1). */
  isAgain: boolean;
  /** Monotone ms of the last send. */
  sentAtMs: number;
  /** Upper bound of its bytes in a frame. */
  bytes: number;
}

/** A write of a transaction. */
export interface PendingWrite extends PendingOp {
  readonly op: WriteCode;
}

const SEQ_DIGITS = 16;
const OP_BYTES = 64;

export const opKey = (session: string, seq: number): StoreKey => [
  'op',
  session,
  String(seq).padStart(SEQ_DIGITS, '0'),
];

/** -1: not in the log yet. */
export const reachOf = (op: PendingOp): Reach | -1 => (op.isLogged ? op.reach : -1);

export const opId = (clientId: string, op: { readonly session: string; readonly seq: number }): string =>
  `${clientId}:${op.session}:${op.seq}`;

/** What is done one by one: the writes of a transaction, or the op itself. */
export const partsOf = (op: PendingOp): readonly PendingOp[] => op.parts ?? [op];

/** What is sent, answered and ended as one: the transaction of a write, or the op itself. */
export const wholeOf = (op: PendingOp): PendingOp => op.whole ?? op;

/** Gives an op and its writes the tags that follow from its id (DAT-1). */
export function tagOp(clientId: string, op: PendingOp): void {
  op.tag = opId(clientId, op);
  op.parts?.forEach((part, at) => {
    part.tag = `${op.tag}:${at}`;
  });
}

type StoredWrite = [
  op: WriteCode,
  map: string,
  key: string,
  base: Base,
  value: unknown,
  ttlMs: number | null,
];

/**
 * `[op, map, key, t, node, base, value, ttlMs]`, and the concern unless that is PERSISTED. The value of a transaction is its
 * writes, `[op, map, key, base, value, ttlMs]`.
 */
export function opToStore({
  op,
  map,
  key,
  t,
  node,
  base,
  value,
  ttlMs,
  concern,
  parts,
}: PendingOp): unknown[] {
  const stored = [op, map, key, t, node, base, parts?.map(writeToStore) ?? value ?? null, ttlMs ?? null];
  return concern === PERSISTED ? stored : [...stored, concern];
}

const writeToStore = ({ op, map, key, base, value, ttlMs }: PendingWrite): StoredWrite => [
  op,
  map,
  key,
  base,
  value ?? null,
  ttlMs ?? null,
];

export function opFromStore(clientId: string, session: string, seq: number, stored: unknown): PendingOp {
  // Written by opToStore of this or an older release.
  const [op, map, key, t, node, base, value, ttlMs, concern = PERSISTED] = stored as [
    OpCode,
    string,
    string,
    number,
    string,
    Base,
    unknown,
    number | null,
    Concern?,
  ];
  const about = { t, node, base, concern, isIssued: true, isLogged: true, isSent: true };
  const made =
    op === OP.TRANSACTION
      ? newTransaction(session, seq, (value as StoredWrite[]).map(writeFromStore))
      : newOp(session, seq, op, map, key, valueFromStore(op, value), ttlMs ?? undefined);
  const loaded = Object.assign(made, about);
  tagOp(clientId, loaded);
  return loaded;
}

const valueFromStore = (op: OpCode, value: unknown): unknown => (op === OP.REMOVE ? undefined : value);

const writeFromStore = ([op, map, key, base, value, ttlMs]: StoredWrite): Write => {
  return { op, map, key, base, value: valueFromStore(op, value), ttlMs: ttlMs ?? undefined };
};

/** An op without stamp, base and tag. */
export function newOp(
  session: string,
  seq: number,
  op: OpCode,
  map: string,
  key: string,
  value: unknown,
  ttlMs: number | undefined,
): PendingOp {
  const state = {
    isIssued: false,
    isLogged: false,
    isSent: false,
    isAnswered: false,
    isAgain: false,
    sentAtMs: 0,
  };
  const progress: Pick<PendingOp, 'concern' | 'reach'> = { concern: PERSISTED, reach: REACH.NOTHING };
  const bytes = OP_BYTES + bytesOf(key) + bytesOf(value);
  return {
    session,
    seq,
    op,
    map,
    key,
    t: 0,
    node: session,
    base: null,
    value,
    ttlMs,
    tag: '',
    ...state,
    ...progress,
    bytes,
  };
}

/** A transaction of these writes, at least one, without stamp, bases and tags; a base that a write brings is kept. */
export function newTransaction(session: string, seq: number, writes: readonly Write[]): PendingOp {
  const [{ map, key }] = writes as readonly [Write];
  const whole = newOp(session, seq, OP.TRANSACTION, map, key, undefined, undefined);
  // What belongs to the op as a whole (id, stamp, how far it has come) each of its writes reads from it, as its prototype.
  const partOf = (write: Write): PendingWrite =>
    Object.assign(Object.create(whole) as PendingWrite, { base: null }, write, { whole, parts: undefined });
  return Object.assign(whole, { parts: writes.map(partOf), bytes: bytesOfWrites(writes) });
}

/** An upper bound of what a transaction of these writes takes in a frame. */
export const bytesOfWrites = (writes: readonly Write[]): number =>
  writes.reduce((sum, { map, key, value }) => sum + OP_BYTES + bytesOf([map, key, value]), OP_BYTES);

/** An upper bound of the encoded size, close to it; nothing is encoded. */
export function bytesOf(value: unknown): number {
  if (typeof value === 'string') return 5 + utf8Length(value);
  if (typeof value !== 'object' || value === null) return 9;
  if (value instanceof Uint8Array) return 5 + value.length;
  if (value instanceof Date) return 15;
  let bytes = 5;
  for (const name in value) bytes += 5 + utf8Length(name) + bytesOf((value as Record<string, unknown>)[name]);
  return bytes;
}
