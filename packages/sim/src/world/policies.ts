import type { Policy } from '@topgun/server/engine';

/** Everything allowed: the calm state of a world. */
export const OPEN_POLICIES: readonly Policy[] = [
  { role: 'user', map: '**', actions: ['READ', 'PUT', 'REMOVE'] },
];

/** Writers of `todos` are refused, everything else is allowed. */
export const NO_TODO_WRITES: readonly Policy[] = [
  { role: 'user', map: '**', actions: ['READ'] },
  { role: 'user', map: 'tags', actions: ['READ', 'PUT', 'REMOVE'] },
  { role: 'user', map: 'likes', actions: ['READ', 'PUT', 'REMOVE'] },
  // Of what a transaction writes one half is allowed.
  { role: 'user', map: 'pairs:left', actions: ['READ', 'PUT', 'REMOVE'] },
  { role: 'user', map: 'judged:*', actions: ['READ', 'PUT', 'REMOVE'] },
];

/** Rows of `todos` are visible only below a rank; the rest is hidden, not deleted. */
export const LOW_RANKS_ONLY: readonly Policy[] = [
  { role: 'user', map: 'todos', actions: ['READ'], where: { op: 'lt', path: 'rank', value: 5 } },
  { role: 'user', map: 'todos', actions: ['PUT', 'REMOVE'] },
  { role: 'user', map: 'pairs:*', actions: ['READ', 'PUT', 'REMOVE'] },
  { role: 'user', map: 'tags', actions: ['READ', 'PUT', 'REMOVE'] },
  { role: 'user', map: 'likes', actions: ['READ', 'PUT', 'REMOVE'] },
  { role: 'user', map: 'judged:*', actions: ['READ', 'PUT', 'REMOVE'] },
];
