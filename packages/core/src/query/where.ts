import type { QueryFilter } from './normalizeQuery.js';
import type { Where } from './typed/Where.js';

/**
 * A filter of a where-clause, with what else it has beside it: `client.query<Todo>('todos', where({ done: false }, { limit: 20 }))`.
 * Paths and operands follow the type of the values; the same as the object `{ where: { done: false }, limit: 20 }`.
 */
export function where<T>(
  clause: Where<NoInfer<T>>,
  rest?: Omit<QueryFilter<NoInfer<T>>, 'where'>,
): QueryFilter<T> {
  return { ...rest, where: clause };
}
