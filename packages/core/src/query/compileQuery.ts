import { compareValues } from '../value/compareValues.js';
import { compilePredicate, type EvaluationContext } from './evaluate.js';
import type { PredicateNode } from './PredicateNode.js';
import type { RowPosition } from './page/RowPosition.js';
import { parsePath, readPath } from './path.js';
import type { QueryPorts } from './ports.js';
import { TopRows } from './TopRows.js';

export type SortDirection = 'asc' | 'desc';

/** A query on the rows of a map: which, in what order, how many of them. */
export interface QuerySpec {
  readonly where?: PredicateNode;
  /** Paths in order of weight. The key decides what they leave level, so every order is total. */
  readonly sort?: readonly (readonly [path: string, direction: SortDirection])[];
  readonly limit?: number;
  /** Only the rows behind this position of the order. */
  readonly after?: RowPosition;
  /** Only the rows before it, the nearest first: the whole order is turned round. Not together with `after`. */
  readonly before?: RowPosition;
}

/** A query made ready to run. */
export interface CompiledQuery {
  matches(value: unknown, context?: EvaluationContext): boolean;
  /** Whether the row belongs to the result as long as there is room: it matches, and lies beyond the position if there is one. */
  selects(key: string, value: unknown, context?: EvaluationContext): boolean;
  /** Negative when the first row comes first; 0 only for one and the same key. */
  compare(aKey: string, aValue: unknown, bKey: string, bValue: unknown): number;
  /** Infinity when there is none. */
  readonly limit: number;
}

/** Makes a query ready. The spec is trusted; `normalizeQuery` checks one. Throws what `compilePredicate` throws. */
export function compileQuery(spec: QuerySpec, ports?: QueryPorts): CompiledQuery {
  const matches = spec.where === undefined ? () => true : compilePredicate(spec.where, ports);
  const from = spec.after ?? spec.before;
  const turn = spec.before === undefined ? 1 : -1;
  const sort = (spec.sort ?? []).map(([path, direction], i) => ({
    segments: parsePath(path),
    sign: direction === 'desc' ? -turn : turn,
    start: from?.values[i]?.[0],
  }));
  const isBeyond = (key: string, value: unknown, position: RowPosition): boolean => {
    for (const { segments, sign, start } of sort) {
      const order = compareValues(readPath(value, segments), start);
      if (order !== 0) return order * sign > 0;
    }
    return turn > 0 ? key > position.key : key < position.key;
  };
  return {
    matches,
    selects:
      from === undefined
        ? (_, value, context) => matches(value, context)
        : (key, value, context) => isBeyond(key, value, from) && matches(value, context),
    compare: (aKey, aValue, bKey, bValue) => {
      for (const { segments, sign } of sort) {
        const order = compareValues(readPath(aValue, segments), readPath(bValue, segments));
        if (order !== 0) return order * sign;
      }
      return aKey < bKey ? -turn : aKey > bKey ? turn : 0;
    },
    limit: spec.limit ?? Infinity,
  };
}

/** The rows a query selects, in its order; without `sort` in order of keys. Looks at each of them. */
export function runQuery<V>(
  spec: QuerySpec,
  rows: Iterable<readonly [key: string, value: V]>,
  ports?: QueryPorts,
): [string, V][] {
  const query = compileQuery(spec, ports);
  const top = new TopRows<[string, V]>((a, b) => query.compare(a[0], a[1], b[0], b[1]), query.limit);
  for (const [key, value] of rows) if (query.selects(key, value)) top.add([key, value]);
  return top.sorted();
}
