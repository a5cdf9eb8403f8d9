import type { QuerySpec } from '../compileQuery.js';
import { normalizeQuery, type QueryFilter } from '../normalizeQuery.js';
import type { QueryPorts } from '../ports.js';
import { queryError } from '../queryErrors.js';

/** The partners of a row in another map, or in the same one. `R` is the type of what the row gets. */
export interface Include<R = unknown> extends Pick<QueryFilter, 'where' | 'predicate' | 'sort' | 'limit'> {
  readonly kind: 'one' | 'many';
  /** The map of the partners. */
  readonly map: string;
  /** The path in the row whose value the partner has at `to`; its key when absent. */
  readonly from?: string;
  /** The path in the partner; its key when absent. */
  readonly to?: string;
  /** Never there: it carries the type. */
  readonly result?: R;
}

export type Includes = Readonly<Record<string, Include>>;

/** How rows and partners find each other: what an `IncludeView` is made from, checked. */
export interface IncludeSpec {
  readonly name: string;
  readonly kind: 'one' | 'many';
  readonly map: string;
  /** The query whose rows are the partners of any row. */
  readonly query: QuerySpec;
  readonly from: string | undefined;
  readonly to: string | undefined;
  /** The order of the partners of one row, and how many it gets. */
  readonly order: Pick<QuerySpec, 'sort' | 'limit'>;
}

/** Each keeps a query of its own open. */
const INCLUDES_MAX = 8;

/** The relations of a question by name. Throws what `normalizeQuery` throws, and `QUERY_INVALID`. */
export function normalizeIncludes(includes: Includes, ports?: QueryPorts): readonly IncludeSpec[] {
  const entries = Object.entries(includes ?? {});
  if (entries.length < 1 || entries.length > INCLUDES_MAX)
    throw invalid(`Include 1 to ${INCLUDES_MAX} relations, not ${entries.length}.`);
  return entries.map(([name, { kind, map, from, to, where, predicate, sort, limit }]) => {
    if (name === '_key' || name === '_tag')
      throw invalid(`A row has its own ${name}: name the relation otherwise.`);
    if ((kind !== 'one' && kind !== 'many') || typeof map !== 'string' || !isPath(from) || !isPath(to))
      throw invalid(`${JSON.stringify(name)} is no relation.`);
    const query = normalizeQuery({ ...(where && { where }), ...(predicate && { predicate }) }, ports);
    const order = normalizeQuery({ ...(sort && { sort }), ...(limit !== undefined && { limit }) });
    return { name, kind, map, query, from, to, order };
  });
}

function isPath(path: unknown): boolean {
  return path === undefined || typeof path === 'string';
}

function invalid(message: string): Error {
  return queryError('QUERY_INVALID', message);
}
