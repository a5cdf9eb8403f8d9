import type { QueryFilter } from '@topgun/client';
import { EVERYTHING } from './model.js';
import type { View } from './view.js';

/** Rows shown at once; "Show more" adds as many again. Beyond this a list is searched, not scrolled. */
export const PAGE_ROWS = 200;

type Predicate = NonNullable<QueryFilter['predicate']>;

/** The live query behind a view. Filter, order and limit are the query's own; the screen only draws its rows. */
export function todoFilter(view: View, limit: number): QueryFilter {
  const tests: Predicate[] = [];
  if (view.list !== EVERYTHING) tests.push({ op: 'eq', attribute: 'list', value: view.list });
  if (view.status !== 'all') tests.push({ op: 'eq', attribute: 'done', value: view.status === 'done' });
  const words = view.search.trim().split(/\s+/).filter(Boolean);
  for (const word of words) tests.push({ op: 'like', attribute: 'title', value: `%${escapeLike(word)}%` });
  return {
    ...(tests.length === 0 ? {} : { predicate: { op: 'and', children: tests } }),
    sort: sortOf(view),
    limit,
  };
}

/** What is still to do comes first whatever the order chosen; the newest is the tie-break. */
function sortOf(view: View): Record<string, 'asc' | 'desc'> {
  const first: Record<string, 'asc' | 'desc'> = view.status === 'all' ? { done: 'asc' } : {};
  switch (view.sort) {
    case 'created':
      return { ...first, createdAt: 'desc' };
    case 'title':
      return { ...first, title: 'asc', createdAt: 'desc' };
    case 'priority':
      return { ...first, priority: 'desc', createdAt: 'desc' };
    case 'due':
      return { ...first, due: 'asc', createdAt: 'desc' };
  }
}

function escapeLike(word: string): string {
  return word.replace(/[\\%_]/g, '\\$&');
}
