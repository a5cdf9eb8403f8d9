import { compareValues } from '../value/compareValues.js';
import { compilePredicate, type EvaluationContext } from './evaluate.js';
import type { PredicateNode } from './PredicateNode.js';
import { parsePath, readPath } from './path.js';

export type SortDirection = 'asc' | 'desc';

/** A query on the rows of a map: which, in what order, how many of them. */
export interface QuerySpec {
  readonly where?: PredicateNode;
  /** Paths in order of weight. The key decides what they leave level, so every order is total. */
  readonly sort?: readonly (readonly [path: string, direction: SortDirection])[];
  readonly limit?: number;
}

/** A query made ready to run. */
export interface CompiledQuery {
  matches(value: unknown, context?: EvaluationContext): boolean;
  /** Negative when the first row comes first; 0 only for one and the same key. */
  compare(aKey: string, aValue: unknown, bKey: string, bValue: unknown): number;
  /** Infinity when there is none. */
  readonly limit: number;
}

/** Makes a query ready. The spec is trusted; `normalizeQuery` checks one. */
export function compileQuery(spec: QuerySpec): CompiledQuery {
  const sort = (spec.sort ?? []).map(([path, direction]) => ({
    segments: parsePath(path),
    sign: direction === 'desc' ? -1 : 1,
  }));
  return {
    matches: spec.where === undefined ? () => true : compilePredicate(spec.where),
    compare: (aKey, aValue, bKey, bValue) => {
      for (const { segments, sign } of sort) {
        const order = compareValues(readPath(aValue, segments), readPath(bValue, segments));
        if (order !== 0) return order * sign;
      }
      return aKey < bKey ? -1 : aKey > bKey ? 1 : 0;
    },
    limit: spec.limit ?? Infinity,
  };
}

/** The rows a query selects, in its order; without `sort` in order of keys. */
export function runQuery<V>(
  spec: QuerySpec,
  rows: Iterable<readonly [key: string, value: V]>,
): [string, V][] {
  const query = compileQuery(spec);
  const found: [string, V][] = [];
  for (const [key, value] of rows) if (query.matches(value)) found.push([key, value]);
  found.sort((a, b) => query.compare(a[0], a[1], b[0], b[1]));
  return query.limit < found.length ? found.slice(0, query.limit) : found;
}
