import { millisOf } from '@topgun/core';
import { BASE, LIMITS, OP, OUTCOME, valueToJson } from '@topgun/protocol';
import type { OpEntry } from '../engine/DedupTable.js';
import { mapOf, type Op, tagOf, type Write } from '../engine/Op.js';
import type { ConflictKind, Operation } from './Operation.js';

const NAMES = ['PUT', 'REMOVE', 'OR_ADD', 'OR_REMOVE', 'INCREMENT'] as const;
const OUTCOMES = ['applied', 'superseded', 'changed', 'rejected'] as const;
/** An operation without its texts, roughly. */
const OPERATION_BYTES = 400;

/** Of each operation, in one line of numbers. */
const AT_MS = 0;
const OP_SEQ = 1;
const STAMP = 2;
const PID = 3;
const EPOCH = 4;
const N = 5;
const BYTES = 6;
const CODE = 7;
const OUTCOME_OF = 8;
/** place in its transaction; -1 = none */
const PART = 9;
const NUMBERS = 10;

/** What few operations have. */
type Extras = Pick<
  Operation,
  'conflict' | 'code' | 'reason' | 'base' | 'ttlMs' | 'tag' | 'value' | 'valueChars'
>;

export interface OperationLogOptions {
  /** whether the values written are kept, too */
  readonly withValues: boolean;
  /** defaults: `LIMITS.debugOperations`, `LIMITS.debugBytes` */
  readonly operations?: number;
  readonly bytes?: number;
}

/**
 * The operations that were decided last, in memory (DBG-3). Knows nothing of rights: whoever reads it asks the gate.
 *
 * Every write of a server that can be looked into comes by, and few are ever read. So they lie in columns, a ring of as many lines as
 * the log may hold, and become objects when somebody reads them.
 */
export class OperationLog {
  readonly #withValues: boolean;
  readonly #lines: number;
  readonly #bytesMax: number;
  readonly #numbers: Float64Array;
  readonly #maps: string[] = [];
  readonly #keys: string[] = [];
  readonly #nodes: string[] = [];
  readonly #clients: string[] = [];
  readonly #sessions: string[] = [];
  readonly #subjects: string[] = [];
  readonly #extras: (Extras | undefined)[] = [];
  #size = 0;
  #bytes = 0;
  #last = 0;
  /** by map and key: the operation that the present version of a record came from, as long as it is in the log */
  readonly #standing = new Map<string, Map<string, number>>();
  #standingCount = 0;

  constructor({ withValues, operations, bytes }: OperationLogOptions) {
    this.#withValues = withValues;
    this.#lines = operations ?? LIMITS.debugOperations;
    this.#bytesMax = bytes ?? LIMITS.debugBytes;
    this.#numbers = new Float64Array(this.#lines * NUMBERS);
  }

  /** Number of the last operation; 0 before the first. */
  get last(): number {
    return this.#last;
  }

  get size(): number {
    return this.#size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(op: Op, entry: OpEntry, nowMs: number): void {
    for (let at = 0; at < op.writeCount; at++) this.#add(op, op.writeAt(at), at, entry, nowMs);
  }

  /** Those after a number, the oldest first. */
  *after(seq: number): IterableIterator<Operation> {
    for (let at = Math.max(seq, this.#last - this.#size) + 1; at <= this.#last; at++) yield this.#read(at);
  }

  /** How many after a number have left the log. */
  missedAfter(seq: number): number {
    return Math.max(0, this.#last - this.#size - seq);
  }

  #add(op: Op, write: Write, at: number, entry: OpEntry, nowMs: number): void {
    const map = mapOf(op, write.mapIdx);
    const { key, code } = write;
    const isLww = code === OP.PUT || code === OP.REMOVE;
    const conflict = this.#conflictOf(op, write, entry, map);
    const value = this.#valueOf(write);
    const bytes = OPERATION_BYTES + 2 * (key.length + map.length + (value?.kept ?? 0));
    if (this.#size === this.#lines) this.#drop();
    const seq = ++this.#last;
    this.#size++;
    this.#bytes += bytes;
    const line = seq % this.#lines;
    const { clientId, session } = op.session;
    this.#maps[line] = map;
    this.#keys[line] = key;
    this.#nodes[line] = op.node;
    this.#clients[line] = clientId;
    this.#sessions[line] = session;
    this.#subjects[line] = op.conn.principal?.sub ?? '';
    this.#extras[line] = extrasOf(op, write, at, entry, conflict, value?.extras);
    const numbers = this.#numbers;
    const from = line * NUMBERS;
    numbers[from + AT_MS] = nowMs;
    numbers[from + OP_SEQ] = op.seq;
    numbers[from + STAMP] = op.t;
    numbers[from + PID] = entry.pid;
    numbers[from + EPOCH] = entry.epoch;
    numbers[from + N] = entry.n;
    numbers[from + BYTES] = bytes;
    numbers[from + CODE] = code;
    numbers[from + OUTCOME_OF] = entry.outcome;
    numbers[from + PART] = op.code === OP.TRANSACTION ? at : -1;
    while (this.#bytes > this.#bytesMax) this.#drop();
    if (isLww && (entry.outcome === OUTCOME.APPLIED || entry.outcome === OUTCOME.CHANGED))
      this.#stand(map, key, seq);
  }

  /** What is kept of a value, and how many characters of it. */
  #valueOf({ payload }: Write): { readonly extras: Extras; readonly kept: number } | undefined {
    if (!this.#withValues || payload === null || payload === undefined) return undefined;
    const value = valueToJson(payload);
    const { length } = JSON.stringify(value);
    if (length > LIMITS.debugValueChars) return { extras: { valueChars: length }, kept: 0 };
    return { extras: { value }, kept: length };
  }

  #stand(map: string, key: string, seq: number): void {
    let keys = this.#standing.get(map);
    if (keys === undefined) {
      keys = new Map();
      this.#standing.set(map, keys);
    }
    const known = keys.size;
    keys.set(key, seq);
    this.#standingCount += keys.size - known;
    // What has left the log is swept out all at once: to look for it with every operation would cost more than adding one.
    if (this.#standingCount > 2 * this.#lines) this.#sweep();
  }

  #sweep(): void {
    const first = this.#last - this.#size + 1;
    for (const [map, keys] of this.#standing) {
      const before = keys.size;
      for (const [key, seq] of keys) if (seq < first) keys.delete(key);
      this.#standingCount -= before - keys.size;
      if (keys.size === 0) this.#standing.delete(map);
    }
  }

  #drop(): void {
    const line = (this.#last - this.#size + 1) % this.#lines;
    this.#size--;
    this.#bytes -= this.#numbers[line * NUMBERS + BYTES] as number;
    this.#extras[line] = undefined;
  }

  #read(seq: number): Operation {
    const line = seq % this.#lines;
    const from = line * NUMBERS;
    const number = (place: number): number => this.#numbers[from + place] as number;
    const text = (column: readonly string[]): string => column[line] as string;
    const { conflict, code, reason, base, ttlMs, tag, ...value } = this.#extras[line] ?? {};
    const t = number(STAMP);
    const part = number(PART);
    return {
      seq,
      atMs: number(AT_MS),
      map: text(this.#maps),
      key: text(this.#keys),
      op: NAMES[number(CODE)] ?? 'PUT',
      outcome: OUTCOMES[number(OUTCOME_OF)] ?? 'applied',
      ...(conflict && { conflict }),
      ...(code !== undefined && { code }),
      ...(reason !== undefined && { reason }),
      t,
      node: text(this.#nodes),
      stampMs: millisOf(t),
      pid: number(PID),
      epoch: number(EPOCH),
      n: number(N),
      id: `${text(this.#clients)}:${text(this.#sessions)}:${number(OP_SEQ)}`,
      ...(part >= 0 && { part }),
      by: text(this.#subjects),
      ...(base && { base }),
      ...(ttlMs !== undefined && { ttlMs }),
      ...(tag !== undefined && { tag }),
      ...value,
    };
  }

  #conflictOf(op: Op, write: Write, entry: OpEntry, map: string): ConflictKind | undefined {
    const { code, key, base } = write;
    const { outcome, reason } = entry;
    if (outcome === OUTCOME.SUPERSEDED) return 'superseded';
    if (outcome === OUTCOME.CHANGED) return 'changed';
    if (outcome === OUTCOME.REJECTED) return reason === undefined ? undefined : 'refused';
    if (code !== OP.PUT && code !== OP.REMOVE) return undefined;
    const standing = this.#standing.get(map)?.get(key);
    if (standing === undefined || standing <= this.#last - this.#size) return undefined;
    const line = standing % this.#lines;
    const { clientId, session } = op.session;
    const isOfClient = this.#clients[line] === clientId;
    // Who wrote it knows it.
    if (isOfClient && this.#sessions[line] === session) return undefined;
    if (base === null) return 'overwrote';
    const [form, first, second] = base;
    const from = line * NUMBERS;
    const hasSeen =
      form === BASE.STAMP
        ? first === this.#numbers[from + STAMP] && second === this.#nodes[line]
        : isOfClient && first === this.#sessions[line] && second === this.#numbers[from + OP_SEQ];
    return hasSeen ? undefined : 'overwrote';
  }
}

function extrasOf(
  op: Op,
  { code: kind, base, ttlMs }: Write,
  at: number,
  { code, reason }: OpEntry,
  conflict: ConflictKind | undefined,
  value: Extras | undefined,
): Extras | undefined {
  const tag = kind === OP.OR_ADD ? tagOf(op, at) : undefined;
  const isPlain = !base && (conflict ?? code ?? reason ?? ttlMs ?? tag ?? value) === undefined;
  if (isPlain) return undefined;
  return {
    ...(conflict && { conflict }),
    ...(code !== undefined && { code }),
    ...(reason !== undefined && { reason }),
    ...(base && { base }),
    ...(ttlMs !== undefined && { ttlMs }),
    ...(tag !== undefined && { tag }),
    ...value,
  };
}
