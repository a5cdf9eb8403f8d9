import { millisOf } from '@topgun/core';
import { BASE, LIMITS, OP, OUTCOME, valueToJson } from '@topgun/protocol';
import type { OpEntry } from '../engine/DedupTable.js';
import { mapOf, type Op, tagOf, type Write } from '../engine/Op.js';
import type { ConflictKind, Operation } from './Operation.js';

const NAMES = ['PUT', 'REMOVE', 'OR_ADD', 'OR_REMOVE', 'INCREMENT'] as const;
const OUTCOMES = ['applied', 'superseded', 'changed', 'rejected'] as const;
/** An operation without its texts, roughly. */
const OPERATION_BYTES = 400;

interface Held {
  readonly operation: Operation;
  readonly bytes: number;
}

export interface OperationLogOptions {
  /** whether the values written are kept, too */
  readonly withValues: boolean;
  /** defaults: `LIMITS.debugOperations`, `LIMITS.debugBytes` */
  readonly operations?: number;
  readonly bytes?: number;
}

/** The operations that were decided last, in memory (DBG-3). Knows nothing of rights: whoever reads it asks the gate. */
export class OperationLog {
  readonly #withValues: boolean;
  readonly #operationsMax: number;
  readonly #bytesMax: number;
  #held: Held[] = [];
  /** of `#held`: what lies before has left the log */
  #from = 0;
  #bytes = 0;
  #last = 0;
  /** by record: the operation in the log that its present version came from */
  readonly #standing = new Map<string, Operation>();

  constructor({ withValues, operations, bytes }: OperationLogOptions) {
    this.#withValues = withValues;
    this.#operationsMax = operations ?? LIMITS.debugOperations;
    this.#bytesMax = bytes ?? LIMITS.debugBytes;
  }

  /** Number of the last operation; 0 before the first. */
  get last(): number {
    return this.#last;
  }

  get size(): number {
    return this.#held.length - this.#from;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(op: Op, entry: OpEntry, nowMs: number): void {
    for (let at = 0; at < op.writeCount; at++) this.#add(op, op.writeAt(at), at, entry, nowMs);
  }

  /** Those after a number, the oldest first. */
  *after(seq: number): IterableIterator<Operation> {
    const first = this.#last - this.size + 1;
    for (let at = this.#from + Math.max(0, seq + 1 - first); at < this.#held.length; at++)
      yield (this.#held[at] as Held).operation;
  }

  /** How many after a number have left the log. */
  missedAfter(seq: number): number {
    return Math.max(0, this.#last - this.size - seq);
  }

  #add(op: Op, write: Write, at: number, entry: OpEntry, nowMs: number): void {
    const map = mapOf(op, write.mapIdx);
    const item = `${map}\0${write.key}`;
    const standing = this.#standing.get(item);
    const conflict = conflictOf(op, write, entry, standing);
    const { clientId, session } = op.session;
    const operation: Operation = {
      seq: ++this.#last,
      atMs: nowMs,
      map,
      key: write.key,
      op: NAMES[write.code as keyof typeof NAMES & number] ?? 'PUT',
      outcome: OUTCOMES[entry.outcome],
      ...(conflict && { conflict }),
      ...(entry.code !== undefined && { code: entry.code }),
      ...(entry.reason !== undefined && { reason: entry.reason }),
      t: op.t,
      node: op.node,
      stampMs: millisOf(op.t),
      pid: entry.pid,
      epoch: entry.epoch,
      n: entry.n,
      id: `${clientId}:${session}:${op.seq}`,
      ...(op.code === OP.TRANSACTION && { part: at }),
      by: op.conn.principal?.sub ?? '',
      ...(write.base && { base: write.base }),
      ...(write.ttlMs !== undefined && { ttlMs: write.ttlMs }),
      ...(write.code === OP.OR_ADD && { tag: tagOf(op, at) }),
    };
    const isLww = write.code === OP.PUT || write.code === OP.REMOVE;
    this.#keep(operation, write);
    if (isLww && (entry.outcome === OUTCOME.APPLIED || entry.outcome === OUTCOME.CHANGED))
      this.#standing.set(item, operation);
  }

  #keep(operation: Operation, { payload }: Write): void {
    let held = operation;
    let chars = operation.key.length + operation.map.length;
    if (this.#withValues && payload !== null && payload !== undefined) {
      const value = valueToJson(payload);
      const { length } = JSON.stringify(value);
      const fits = length <= LIMITS.debugValueChars;
      held = fits ? { ...operation, value } : { ...operation, valueChars: length };
      if (fits) chars += length;
    }
    const bytes = OPERATION_BYTES + 2 * chars;
    this.#held.push({ operation: held, bytes });
    this.#bytes += bytes;
    while (this.size > this.#operationsMax || this.#bytes > this.#bytesMax) this.#drop();
    // Moving what is left costs as much as adding it did.
    if (this.#from <= this.#held.length / 2) return;
    this.#held = this.#held.slice(this.#from);
    this.#from = 0;
  }

  #drop(): void {
    const { operation, bytes } = this.#held[this.#from++] as Held;
    this.#bytes -= bytes;
    const item = `${operation.map}\0${operation.key}`;
    if (this.#standing.get(item)?.seq === operation.seq) this.#standing.delete(item);
  }
}

function conflictOf(
  op: Op,
  { code, base }: Write,
  { outcome, reason }: OpEntry,
  standing: Operation | undefined,
): ConflictKind | undefined {
  if (outcome === OUTCOME.SUPERSEDED) return 'superseded';
  if (outcome === OUTCOME.CHANGED) return 'changed';
  if (outcome === OUTCOME.REJECTED) return reason === undefined ? undefined : 'refused';
  const { clientId, session } = op.session;
  if (standing === undefined || (code !== OP.PUT && code !== OP.REMOVE)) return undefined;
  // Who wrote it knows it.
  if (standing.id.startsWith(`${clientId}:${session}:`)) return undefined;
  if (base === null) return 'overwrote';
  const [form, first, second] = base;
  const hasSeen =
    form === BASE.STAMP
      ? first === standing.t && second === standing.node
      : standing.id === `${clientId}:${first}:${second}`;
  return hasSeen ? undefined : 'overwrote';
}
