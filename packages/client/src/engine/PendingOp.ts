import { utf8Length } from '@topgun/core';
import { type Base, type Concern, OP, type OpCode, PERSISTED } from '@topgun/protocol';
import type { StoreKey } from '../storage/IStorageAdapter.js';

/** The ops a device makes; transactions are not among them. */
export type WriteCode = Exclude<OpCode, 5>;

/** The names of writes, by their codes. */
export const OP_NAMES = Object.keys(OP) as readonly Exclude<keyof typeof OP, 'TRANSACTION'>[];

/** How far the way of an op is known to have come, beyond the log: the codes of `WriteLevel`. */
export const REACH = { NOTHING: 0, SENT: 1, RECEIVED: 2, APPLIED: 3 } as const;
export type Reach = (typeof REACH)[keyof typeof REACH];

/** An own write that the server has not settled. In the overlay it counts as a version: `value` undefined = removed. */
export interface PendingOp {
  readonly session: string;
  readonly seq: number;
  readonly op: WriteCode;
  readonly map: string;
  readonly key: string;
  t: number;
  readonly node: string;
  base: Base;
  /** PUT, OR_ADD: the value; OR_REMOVE: the tags; INCREMENT: the delta. */
  value: unknown;
  readonly ttlMs: number | undefined;
  /** The tag an OR_ADD makes: its op id. */
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
  /** Monotone ms of the last send. */
  sentAtMs: number;
  /** Upper bound of its bytes in a frame. */
  bytes: number;
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

/** `[op, map, key, t, node, base, value, ttlMs]`, and the concern unless that is PERSISTED. */
export function opToStore({ op, map, key, t, node, base, value, ttlMs, concern }: PendingOp): unknown[] {
  const stored = [op, map, key, t, node, base, value ?? null, ttlMs ?? null];
  return concern === PERSISTED ? stored : [...stored, concern];
}

export function opFromStore(clientId: string, session: string, seq: number, stored: unknown): PendingOp {
  // Written by opToStore of this or an older release.
  const [op, map, key, t, node, base, value, ttlMs, concern = PERSISTED] = stored as [
    WriteCode,
    string,
    string,
    number,
    string,
    Base,
    unknown,
    number | null,
    Concern?,
  ];
  return {
    ...newOp(session, seq, op, map, key, op === OP.REMOVE ? undefined : value, ttlMs ?? undefined),
    t,
    node,
    base,
    concern,
    tag: opId(clientId, { session, seq }),
    isIssued: true,
    isLogged: true,
    isSent: true,
  };
}

/** An op without stamp, base and tag. */
export function newOp(
  session: string,
  seq: number,
  op: WriteCode,
  map: string,
  key: string,
  value: unknown,
  ttlMs: number | undefined,
): PendingOp {
  const state = { isIssued: false, isLogged: false, isSent: false, isAnswered: false, sentAtMs: 0 };
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
