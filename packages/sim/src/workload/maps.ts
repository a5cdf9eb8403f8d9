import type { QuerySpec } from '@topgun/core';

/** The maps that every realm opens whole. */
export const MAPS = { todos: 'todos', tags: 'tags', likes: 'likes' } as const;

/** Two maps that are only ever written together, by transactions; every realm opens both whole. Their keys share the counter's partition. */
export const PAIRS = { left: 'pairs:left', right: 'pairs:right' } as const;
export const PAIR_KEYS = [0, 1, 2, 3].map((n) => `{likes}${n}`);

/** Two maps that are only ever written together, too, and that nobody opens whole: each realm asks both the same question. */
export const ASKED_PAIRS = { near: 'pairs:near', far: 'pairs:far' } as const;
export const ASKED_PAIR_SPEC: QuerySpec = { where: { op: 'gte', path: 'rank', value: 3 } };

/** The query on one of them. */
export const askedPairId = (map: string): string => `asked ${map}`;

/** Maps on which resolvers decide; every realm opens them whole. */
export const JUDGED = { stock: 'judged:stock', joined: 'judged:joined', sums: 'judged:sums' } as const;

/** A map whose records end by themselves. */
export const FLEETING = 'fleeting';

/** A map into which records come from the future; every realm opens it whole. */
export const RELICS = 'relics';
export const RELIC_KEYS = ['r0', 'r1', '__proto__'];

/** A map that the server keeps in memory alone; every realm opens it whole. */
export const CURSORS = 'cursors';

/** A map that nobody opens whole: devices know of it what their queries show, and what they wrote themselves. */
export const NOTES = 'notes';

/** Questions that realms ask about the notes. Several realms ask the same one. */
export const QUESTIONS: readonly QuerySpec[] = [
  { where: { op: 'gte', path: 'rank', value: 5 } },
  { sort: [['rank', 'desc']], limit: 3 },
  { where: { op: 'lt', path: 'rank', value: 7 }, sort: [['id', 'asc']], limit: 5 },
];
