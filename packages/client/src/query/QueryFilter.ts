import type { QuerySpec } from '../engine/RealmEngine.js';

export type SortDirection = 'asc' | 'desc';

/** Which rows of a map a query shows, and in which order. */
export interface QueryFilter {
  /** A predicate node, or a where-clause such as `{ done: false, priority: { $gte: 2 } }`. Absent: every row. */
  readonly where?: unknown;
  /** Fields by rank; the key is the last tie-break. A record's fields rank in the order they are written. */
  readonly sort?: Readonly<Record<string, SortDirection>> | readonly (readonly [path: string, direction: SortDirection])[];
  /** At most this many rows. */
  readonly limit?: number;
}

/** The filter in the engine's form: absent parts left out, sort as a list. */
export function toQuerySpec(filter: QueryFilter): QuerySpec {
  const { where, sort, limit } = filter;
  return {
    ...(where === undefined ? undefined : { where }),
    ...(sort === undefined ? undefined : { sort: isSortList(sort) ? sort : Object.entries(sort) }),
    ...(limit === undefined ? undefined : { limit }),
  };
}

const isSortList = (sort: NonNullable<QueryFilter['sort']>): sort is Extract<typeof sort, readonly unknown[]> =>
  Array.isArray(sort);
