import type { QuerySpec, SortDirection } from '../compileQuery.js';
import { normalizeQuery, type QueryFilter } from '../normalizeQuery.js';
import type { QueryPorts } from '../ports.js';
import { queryError } from '../queryErrors.js';
import { accumulators } from './accumulators.js';
import type { Aggregate } from './aggregates.js';

/** The aggregates of a result by their names. */
export type Selection = Readonly<Record<string, Aggregate>>;

/** A question for aggregates, as apps write it. */
export interface AggregateFilter<S extends Selection = Selection, G extends string = string>
  extends Pick<QueryFilter, 'where' | 'predicate'> {
  /** The path, or paths, whose values tell the groups apart; without, all rows are one group. At most 8. */
  readonly groupBy?: G | readonly G[];
  /** `{ cities: count(), people: sum('population') }`: at most 16, under names that are no path of `groupBy`. */
  readonly select: S;
  /** By names of `select` and paths of `groupBy`; level groups stand in the order of their values. */
  readonly sort?: Readonly<Record<string, SortDirection>> | readonly (readonly [string, SortDirection])[];
  /** How many groups, from the first of the order on. */
  readonly limit?: number;
}

/** What an `AggregateView` is made from: checked, and in one form. */
export interface AggregateSpec {
  readonly groupBy: readonly string[];
  readonly select: readonly (readonly [name: string, aggregate: Aggregate])[];
  readonly sort: readonly (readonly [name: string, direction: SortDirection])[];
  readonly limit: number;
}

/** Each aggregate costs a step per write and group; more than a person reads in one table is a mistake. */
const AGGREGATES_MAX = 16;
const GROUP_PATHS_MAX = 8;

/** The query whose rows are aggregated, and how. Throws what `normalizeQuery` throws, and `QUERY_INVALID`. */
export function normalizeAggregate(
  filter: AggregateFilter,
  ports?: QueryPorts,
): { query: QuerySpec; spec: AggregateSpec } {
  const { where, predicate, groupBy: by = [], select: selection, sort, limit } = filter;
  const groupBy = typeof by === 'string' ? [by] : [...by];
  if (groupBy.length > GROUP_PATHS_MAX || groupBy.some((path) => typeof path !== 'string'))
    throw invalid(`Group by at most ${GROUP_PATHS_MAX} paths.`);
  const select = Object.entries(selection ?? {});
  if (select.length < 1 || select.length > AGGREGATES_MAX)
    throw invalid(`Select 1 to ${AGGREGATES_MAX} aggregates, not ${select.length}.`);
  for (const [name, { fn, path }] of select) {
    if (
      !Object.hasOwn(accumulators, fn) ||
      (fn === 'count' && path === undefined) === (typeof path === 'string')
    )
      throw invalid(`${JSON.stringify(name)} is no aggregate.`);
  }
  const names = [KEY_NAME, ...groupBy, ...select.map(([name]) => name)];
  const twice = names.find((name, at) => names.indexOf(name) < at);
  if (twice !== undefined) throw invalid(`${JSON.stringify(twice)} would stand twice in each group.`);
  // Names are sorted by as paths are, and limited alike.
  const order = normalizeQuery({ ...(sort && { sort }), ...(limit !== undefined && { limit }) });
  const unknown = order.sort?.find(([name]) => !names.includes(name));
  if (unknown !== undefined) throw invalid(`Groups have no ${JSON.stringify(unknown[0])} to sort by.`);
  return {
    query: normalizeQuery({ ...(where && { where }), ...(predicate && { predicate }) }, ports),
    spec: { groupBy, select, sort: order.sort ?? [], limit: order.limit ?? Number.POSITIVE_INFINITY },
  };
}

/** Under this name each group carries its identity. */
export const KEY_NAME = '_key';

function invalid(message: string): Error {
  return queryError('QUERY_INVALID', message);
}
