import type { Include, Includes, QueryFilter } from '@topgun/core';
import type { Row } from './query/QueryRows.js';
import { RelatedHandle, type RelatedRow, type RowsOf } from './related/RelatedHandle.js';
import type { TopGunClient } from './TopGunClient.js';

export type { Include, Includes } from '@topgun/core';
export {
  RelatedHandle,
  type RelatedRow,
  type RowsOf,
} from './related/RelatedHandle.js';
export type { RelatedSnapshot } from './related/RelatedView.js';

/** How a row and its partner find each other: the value at `from` in the row equals that at `to` in the partner. Absent: the key. */
export interface Link {
  readonly from?: string;
  readonly to?: string;
}

/** The partner of a row in another map; of several the first by key. `one<User>('users', { from: 'authorId' })` */
export function one<T>(
  map: string,
  link: Link & Pick<QueryFilter<NoInfer<T>>, 'where' | 'predicate'>,
): Include<Row<T> | undefined> {
  return { kind: 'one', map, ...(link as Link & QueryFilter) };
}

/** The partners of a row in another map, in the order of `sort`, at most `limit`. `many<Comment>('comments', { to: 'postId' })` */
export function many<T>(map: string, link: Link & QueryFilter<NoInfer<T>>): Include<readonly Row<T>[]> {
  return { kind: 'many', map, ...(link as Link & QueryFilter) };
}

/** The rows that get partners: those of a map that match a filter, as `client.query` takes it. */
export function rows<T>(map: string, filter: QueryFilter<NoInfer<T>> = {}): RowsOf<T> {
  // Types of paths and operands end here; what is checked are the values.
  return { map, filter: filter as QueryFilter };
}

/**
 * Rows of a map, each with its partners in other maps, kept up to date from all sides: at once from what the device holds, own
 * writes in the same tick, then with the server's rows.
 *
 * ```ts
 * const posts = related(client, rows<Post>('posts', { sort: { at: 'desc' }, limit: 20 }), {
 *   author: one<User>('users', { from: 'authorId' }),
 *   comments: many<Comment>('comments', { to: 'postId', sort: { at: 'asc' }, limit: 3 }),
 * });
 * posts.subscribe(({ rows }) => {
 *   for (const { title, author, comments } of rows) console.log(title, author?.name, comments.length);
 * });
 * ```
 *
 * A partner that is not there is undefined, or missing from the list; a field that is missing or null finds none. A field of the row
 * with the name of a relation is hidden by it. The device comes to hold all rows of the other maps that may be partners: `where` keeps
 * them few. Relations go one level deep, at most 8 of them.
 * Throws `QUERY_INVALID` for a wrong relation, and what `client.query` throws.
 */
export function related<T, const I extends Includes>(
  client: TopGunClient,
  of: RowsOf<T>,
  includes: I,
): RelatedHandle<RelatedRow<T, I>> {
  return new RelatedHandle(client, of, includes);
}
