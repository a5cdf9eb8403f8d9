import type { QuerySpec } from '@topgun/core';

/** The maps that every realm opens whole. */
export const MAPS = { todos: 'todos', tags: 'tags', likes: 'likes' } as const;

/** A map that nobody opens whole: devices know of it what their queries show, and what they wrote themselves. */
export const NOTES = 'notes';

/** Questions that realms ask about the notes. Several realms ask the same one. */
export const QUESTIONS: readonly QuerySpec[] = [
  { where: { op: 'gte', path: 'rank', value: 5 } },
  { sort: [['rank', 'desc']], limit: 3 },
  { where: { op: 'lt', path: 'rank', value: 7 }, sort: [['id', 'asc']], limit: 5 },
];
