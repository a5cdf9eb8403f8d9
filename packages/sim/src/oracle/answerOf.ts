import type { QuerySpec } from '@topgun/core';
import { fieldAt, order } from './values.js';
import { verdict } from './verdict.js';

/** A row as it is seen. */
export type SeenRow = readonly [key: string, value: unknown, ...more: unknown[]];

/**
 * The answer to a query, from all rows that are seen (Q-8, PAGE-1). A query has no claims of its own. Behind a position the order is
 * read on, before one it is read backward.
 */
export function answerOf<R extends SeenRow>(query: QuerySpec, rows: readonly R[]): R[] {
  const { where, sort = [], limit = Infinity, after, before } = query;
  const from = after ?? before;
  const start = from && { key: from.key, fields: from.values.map(([field]) => field) };
  const turn = before === undefined ? 1 : -1;
  const compare = (a: Place, b: Place): number => {
    for (const [at, [, direction]] of sort.entries()) {
      const found = order(a.fields[at], b.fields[at]);
      if (found !== 0) return direction === 'asc' ? found * turn : -found * turn;
    }
    return order(a.key, b.key) * turn;
  };
  return rows
    .filter(([, value]) => where === undefined || verdict(where, value, {}) === true)
    .map((row) => ({ row, key: row[0], fields: sort.map(([path]) => fieldAt(row[1], path)) }))
    .filter((place) => start === undefined || compare(place, start) > 0)
    .sort(compare)
    .map(({ row }) => row)
    .slice(0, limit);
}

/** Where a row stands: what it holds at the paths of the sort, and its key. */
interface Place {
  readonly key: string;
  readonly fields: readonly unknown[];
}
