import type { TopGunClient } from '@topgun/client';
import type { View } from './view.js';

type QueryFilter = NonNullable<Parameters<TopGunClient['query']>[1]>;
type Predicate = NonNullable<QueryFilter['predicate']>;

/** The tests of a view, without its search: what the fields of a city have to be. */
function cityPredicate(view: View): Predicate | undefined {
  const tests: Predicate[] = [];
  if (view.country !== '') tests.push({ op: 'eq', path: 'country', value: view.country });
  if (view.min !== undefined) tests.push({ op: 'gte', path: 'population', value: view.min });
  if (view.max !== undefined) tests.push({ op: 'lte', path: 'population', value: view.max });
  for (const word of view.find.split(/\s+/).filter(Boolean)) {
    tests.push({ op: 'like', path: 'name', pattern: `%${escapeLike(word)}%` });
  }
  return tests.length === 0 ? undefined : { op: 'and', children: tests };
}

/** The live query behind a view: filter, order and limit. */
export function cityFilter(view: View, limit: number): QueryFilter {
  const predicate = cityPredicate(view);
  return {
    ...(predicate === undefined ? {} : { predicate }),
    sort: [[view.sort, view.descending ? 'desc' : 'asc']],
    limit,
  };
}

/** In a `like` pattern `%` and `_` stand for other characters; a person who types them means themselves. */
function escapeLike(word: string): string {
  return word.replace(/[\\%_]/g, '\\$&');
}
