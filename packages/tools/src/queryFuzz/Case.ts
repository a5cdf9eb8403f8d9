import type { IndexSpec, QuerySpec } from '@topgun/core';
import type { Policy } from '@topgun/server/engine';
import type { Grouping } from './Grouping.js';

export type Row = readonly [key: string, value: unknown];

/** A put of a value, or the removal of a key. */
export type Change = readonly [key: string, value: unknown] | readonly [key: string];

/** Somebody who asks. All have the role `user`. */
export interface Who {
  readonly sub: string;
  readonly claims: Readonly<Record<string, unknown>>;
}

/**
 * One query on one map, the rows it begins with, batches of changes, and those who ask it under the same policies. Plain data: it can
 * be made smaller part by part, and a file can hold it (`caseText`).
 */
export interface Case {
  readonly query: QuerySpec;
  readonly who: readonly Who[];
  /** What may be read; writes are free. */
  readonly policies: readonly Policy[];
  readonly rows: readonly Row[];
  readonly batches: readonly (readonly Change[])[];
  readonly indexes: readonly IndexSpec[];
  /** Aggregates over all rows that the query matches. */
  readonly grouping?: Grouping;
}

/** The map of every case. */
export const MAP = 'm';

/** The rows of the map at the start and after each batch. */
export function statesOf({ rows, batches }: Case): ReadonlyMap<string, unknown>[] {
  const states = [new Map(rows)];
  for (const batch of batches) {
    const next = new Map(states.at(-1));
    for (const change of batch) {
      if (change.length === 1) next.delete(change[0]);
      else next.set(...change);
    }
    states.push(next);
  }
  return states;
}
