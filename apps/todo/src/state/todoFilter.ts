import type { QueryFilter } from '@topgun/client';
import { EVERYTHING, type Todo } from './model.js';
import type { View } from './view.js';

/** Rows shown at once; "Show more" adds as many again. Beyond this a list is searched, not scrolled. */
export const PAGE_ROWS = 200;

type Predicate = NonNullable<QueryFilter['predicate']>;

/** The live query behind a view: filter and order, and the limit where the order allows it (see `arrangeRows`). */
export function todoFilter(view: View, limit: number): QueryFilter<Todo> {
  const tests: Predicate[] = [];
  if (view.list !== EVERYTHING) tests.push({ op: 'eq', path: 'list', value: view.list });
  if (view.status !== 'all') tests.push({ op: 'eq', path: 'done', value: view.status === 'done' });
  for (const word of view.search.split(/\s+/).filter(Boolean)) {
    tests.push({ op: 'like', path: 'title', pattern: `%${escapeLike(word)}%` });
  }
  return {
    ...(tests.length === 0 ? {} : { predicate: { op: 'and', children: tests } }),
    sort: sortOf(view),
    ...(view.sort === 'due' ? {} : { limit }),
  };
}

/**
 * The rows to draw, out of the rows of the query. In the order of values a missing day comes before every day, but
 * tasks without one belong after those that have one: they are moved there, still before what is done, and the limit
 * is taken only then.
 */
export function arrangeRows<T extends Todo>(rows: readonly T[], view: View, limit: number): readonly T[] {
  if (view.sort !== 'due') return rows;
  const rank = (row: T) => (row.done ? 2 : 0) + (row.due === undefined ? 1 : 0);
  return [...rows].sort((a, b) => rank(a) - rank(b)).slice(0, limit);
}

/** What is still to do comes first whatever the order chosen; the newest is the tie-break. */
function sortOf(view: View): NonNullable<QueryFilter<Todo>['sort']> {
  const undoneFirst = view.status === 'all' ? ([['done', 'asc']] as const) : [];
  const byField = {
    created: [],
    title: [['title', 'asc']],
    priority: [['priority', 'desc']],
    due: [['due', 'asc']],
  } as const;
  return [...undoneFirst, ...byField[view.sort], ['createdAt', 'desc']];
}

/** In a `like` pattern `%` and `_` stand for other characters; a person who types them means themselves. */
function escapeLike(word: string): string {
  return word.replace(/[\\%_]/g, '\\$&');
}
