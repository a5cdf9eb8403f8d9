import type { Base } from '@topgun/protocol';

/** How an operation clashed with another one (DBG-4). */
export type ConflictKind = 'superseded' | 'changed' | 'refused' | 'overwrote';

/** One write as it was decided, as JSON tells it (DBG-3). */
export interface Operation {
  /** rises by one with each operation of this process */
  readonly seq: number;
  /** when it was durable, ms since the epoch */
  readonly atMs: number;
  readonly map: string;
  readonly key: string;
  readonly op: 'PUT' | 'REMOVE' | 'OR_ADD' | 'OR_REMOVE' | 'INCREMENT';
  readonly outcome: 'applied' | 'superseded' | 'changed' | 'rejected';
  readonly conflict?: ConflictKind;
  /** why it was rejected; what a resolver said */
  readonly code?: string;
  readonly reason?: string;
  /** packed time and node of its stamp */
  readonly t: number;
  readonly node: string;
  /** the same time, ms since the epoch */
  readonly stampMs: number;
  readonly pid: number;
  readonly epoch: number;
  readonly n: number;
  /** `clientId:session:seq` */
  readonly id: string;
  /** place in its transaction */
  readonly part?: number;
  /** subject of the writer */
  readonly by: string;
  readonly base?: Base;
  readonly ttlMs?: number;
  /** of an added element */
  readonly tag?: string;
  /** only with `debugValues`: the value, the tags that are removed, or the step of a counter, as `valueToJson` writes it */
  readonly value?: unknown;
  /** the value has more characters than the log keeps */
  readonly valueChars?: number;
}
