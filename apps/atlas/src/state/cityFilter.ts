import type { QueryFilter } from '@topgun/core';
import type { City } from './model.js';
import type { View } from './view.js';

type Predicate = NonNullable<QueryFilter['predicate']>;

/** The live query behind a view, its words aside: what the fields of a city have to be, and the order. */
export function cityFilter(view: View): QueryFilter<City> {
  const tests: Predicate[] = [];
  if (view.country !== '') tests.push({ op: 'eq', path: 'country', value: view.country });
  if (view.min !== undefined) tests.push({ op: 'gte', path: 'population', value: view.min });
  if (view.max !== undefined) tests.push({ op: 'lte', path: 'population', value: view.max });
  return {
    ...(tests.length === 0 ? {} : { predicate: { op: 'and', children: tests } }),
    sort: [[view.sort, view.descending ? 'desc' : 'asc']],
  };
}
