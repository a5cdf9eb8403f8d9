import {
  type AckException,
  type ChangeRow,
  type ErrorCode,
  FORM,
  type Form,
  OP,
  type OpAckMessage,
  type OpRow,
  OUTCOME,
  type ServerMessage,
  type SubRow,
  valueToJson,
} from '@topgun/protocol';
import { type OpTable, versionOf } from './opRows.js';
import { told } from './refusals.js';

/** What became of a write, as its answer says it. */
export type WriteResult =
  | {
      readonly outcome: 'applied' | 'superseded' | 'changed';
      /** it was made before, under the same key */
      readonly repeated?: true;
      /** of what was written; it is not repeated */
      readonly version?: string;
      /** of an element that was added */
      readonly tag?: string;
      /** of the elements that a transaction added, by the places of their writes; null for all others */
      readonly tags?: readonly (string | null)[];
      /** what stands instead, or of a counter its total */
      readonly record?: RecordJson | null;
    }
  | {
      readonly outcome: 'rejected';
      readonly code: ErrorCode;
      readonly remedy: string;
      readonly reason?: string;
      readonly retryAfterMs?: number;
    };

export interface RecordJson {
  readonly key: string;
  readonly value: unknown;
  readonly version: string;
  readonly ttlMs?: number;
  readonly tag?: string;
}

/** What queries see of the value of a row in a frame: of a counter its total. */
export function seenIn(form: Form, value: unknown): unknown {
  if (form !== FORM.COUNTER) return value;
  // The engine makes counters of two totals.
  const [plus, minus] = value as readonly [number, number];
  return plus - minus;
}

/** A row of a frame as answers show it; null for one that is gone. */
export function recordOf(
  [form, key, , t, node, value, ttlMs, tag]: ChangeRow,
  nodes: readonly string[],
): RecordJson | null {
  if (form === FORM.LWW_GONE || form === FORM.OR_GONE) return null;
  return {
    key,
    value: valueToJson(seenIn(form, value)),
    version: versionOf(t, nodes[node] ?? ''),
    ...(ttlMs != null && { ttlMs }),
    ...(tag != null && { tag }),
  };
}

/** The tags that the engine gives to what an op adds (DAT-1). */
function tagsOf([, code, , , , , payload]: OpRow, id: string): { tag?: string; tags?: (string | null)[] } {
  if (code === OP.OR_ADD) return { tag: id };
  if (code !== OP.TRANSACTION) return {};
  const writes = payload as readonly SubRow[];
  if (!writes.some(([made]) => made === OP.OR_ADD)) return {};
  return { tags: writes.map(([made], at) => (made === OP.OR_ADD ? `${id}:${at}` : null)) };
}

const OUTCOMES = { [OUTCOME.SUPERSEDED]: 'superseded', [OUTCOME.CHANGED]: 'changed' } as const;

/** Gathers the answers to the ops of one frame. */
export class OpResults {
  readonly #results: (WriteResult | undefined)[];
  readonly #table: OpTable;
  readonly #author: { readonly clientId: string; readonly session: string };
  #left: number;
  #retryAfterMs: number | undefined;

  constructor(table: OpTable, author: { readonly clientId: string; readonly session: string }) {
    this.#table = table;
    this.#author = author;
    this.#left = table.rows.length;
    this.#results = new Array(table.rows.length).fill(undefined);
  }

  /** Takes in what is said about them; all results, as soon as there are all. */
  take(message: ServerMessage): readonly WriteResult[] | undefined {
    // It precedes the refusals that it is about.
    if (message.type === 'ERROR') this.#retryAfterMs = message.retryAfterMs;
    if (message.type === 'OP_ACK' && message.session === this.#author.session) this.#takeAck(message);
    return this.#left > 0 ? undefined : (this.#results as WriteResult[]);
  }

  #takeAck({ spans, ex = [], nodes = [] }: OpAckMessage): void {
    const bySeq = new Map<number, AckException[]>();
    for (const exception of ex) bySeq.set(exception[0], [...(bySeq.get(exception[0]) ?? []), exception]);
    for (const [from, count, outcome] of spans)
      for (let seq = from; seq < from + count; seq++) {
        // The first answer is the one that was asked for; a later one says that it has become durable.
        if (seq >= this.#results.length || this.#results[seq] !== undefined) continue;
        this.#left--;
        this.#results[seq] = this.#resultOf(seq, outcome, bySeq.get(seq) ?? [], nodes);
      }
  }

  #resultOf(
    seq: number,
    outcome: number,
    exceptions: readonly AckException[],
    nodes: readonly string[],
  ): WriteResult {
    if (outcome === OUTCOME.REJECTED) {
      const [, code, , , reason] = exceptions[0] ?? [];
      const retryAfterMs = this.#retryAfterMs;
      return {
        outcome: 'rejected',
        ...told(code ?? 'INTERNAL'),
        ...(reason != null && { reason }),
        ...(retryAfterMs !== undefined && { retryAfterMs }),
      };
    }
    const row = this.#table.rows[seq];
    const shown = exceptions.find(([, , change]) => change !== null)?.[2];
    const isRepeated = outcome === OUTCOME.DUPLICATE;
    const { clientId, session } = this.#author;
    return {
      outcome: OUTCOMES[outcome as 1 | 2] ?? 'applied',
      ...(isRepeated && { repeated: true }),
      ...(row !== undefined && outcome === OUTCOME.APPLIED && { version: versionOf(row[4], session) }),
      ...(row !== undefined && tagsOf(row, `${clientId}:${session}:${seq}`)),
      ...(shown != null && { record: recordOf(shown, nodes) }),
    };
  }
}
