import { assertPredicate } from './assertPredicate.js';
import type { QuerySpec, SortDirection } from './compileQuery.js';
import type { PredicateNode } from './PredicateNode.js';
import { nodeOfWhere } from './parseWhere.js';
import { NO_PORTS, type QueryPorts } from './ports.js';
import { queryError } from './queryErrors.js';
import { regexFaultIn } from './regex.js';
import type { Sort, Where } from './typed/Where.js';

/** A query as apps write it, on values of a type; without one, any path and any operand go. */
export interface QueryFilter<T = unknown> {
  /** See `parseWhere`. */
  readonly where?: Where<T>;
  /** A predicate of nodes or builders; with `where` too, both must hold. */
  readonly predicate?: PredicateNode;
  /** `{ priority: 'desc', title: 'asc' }`, or pairs where a path looks like a number, which objects reorder. */
  readonly sort?: Sort<T>;
  readonly limit?: number;
}

/** More fields than a person sorts by; each costs a comparison per pair of rows. */
const SORT_FIELDS_MAX = 8;

/**
 * The query of a filter, checked. Throws `PREDICATE_INVALID`, `PREDICATE_OPERATOR_UNKNOWN`, `REGEX_ENGINE_MISSING`, and
 * `QUERY_INVALID` for a wrong sort or limit.
 */
export function normalizeQuery<T = unknown>(filter: QueryFilter<T>, ports: QueryPorts = NO_PORTS): QuerySpec {
  // Types of paths and operands end here; what is checked are the values.
  return specOf(filter as QueryFilter, ports);
}

function specOf(filter: QueryFilter, ports: QueryPorts): QuerySpec {
  const where = whereOf(filter);
  const fault = where && regexFaultIn(where, ports);
  if (fault !== undefined) throw fault.error;
  const sort = sortOf(filter);
  const { limit } = filter;
  if (limit !== undefined && (!Number.isSafeInteger(limit) || limit < 1)) {
    throw invalid(`The limit of a query is a positive whole number, not ${String(limit)}.`);
  }
  return {
    ...(where && { where }),
    ...(sort.length > 0 && { sort }),
    ...(limit && { limit }),
  };
}

function whereOf({ where, predicate }: QueryFilter): PredicateNode | undefined {
  const parsed = where === undefined || Object.keys(where).length === 0 ? undefined : nodeOfWhere(where);
  const both =
    parsed === undefined
      ? predicate
      : predicate === undefined
        ? parsed
        : { op: 'and' as const, children: [parsed, predicate] };
  if (both !== undefined) assertPredicate(both);
  return both;
}

function sortOf({ sort }: QueryFilter): (readonly [string, SortDirection])[] {
  const fields = sort === undefined ? [] : isPairs(sort) ? [...sort] : Object.entries(sort);
  if (fields.length > SORT_FIELDS_MAX) {
    throw invalid(`A query sorts by at most ${SORT_FIELDS_MAX} fields, not ${fields.length}.`);
  }
  for (const [path, direction] of fields) {
    if (typeof path !== 'string' || (direction !== 'asc' && direction !== 'desc')) {
      throw invalid(`Invalid sort by ${JSON.stringify(path)}: ${JSON.stringify(direction)}.`);
    }
  }
  return fields;
}

function isPairs(
  sort: NonNullable<QueryFilter['sort']>,
): sort is readonly (readonly [string, SortDirection])[] {
  return Array.isArray(sort);
}

function invalid(message: string): Error {
  return queryError('QUERY_INVALID', message);
}
