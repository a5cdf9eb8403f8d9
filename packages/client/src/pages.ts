import { type PagesFilter, PagesHandle } from './page/PagesHandle.js';
import type { TopGunClient } from './TopGunClient.js';

export { type PageSnapshot, type PagesFilter, PagesHandle } from './page/PagesHandle.js';

/**
 * The rows that match a filter, page by page. The page that shows is live: it follows every write, and stays full while rows follow.
 *
 * ```ts
 * const list = pages<Todo>(client, 'todos', { where: { done: false }, sort: { due: 'asc' }, pageSize: 50 });
 * const stop = list.subscribe(({ rows, hasMore }) => render(rows, hasMore));
 * list.next();
 * ```
 *
 * Each page begins behind the last row of the one before as it showed when `next` was called, so rows that come and go elsewhere
 * neither repeat nor hide any: going forward from a page that is `complete`, every row that matches throughout and keeps its
 * place shows exactly once. A page that is `partial` knows of the rows on the device only.
 *
 * A device that does not have the whole map is sent the rows of its pages and no more. Throws `OPTION_INVALID` for a wrong page size, `CURSOR_INVALID` and
 * `CURSOR_EXPIRED` for such cursors, and what `client.query` throws.
 */
export function pages<T>(
  client: TopGunClient,
  map: string,
  filter: PagesFilter<NoInfer<T>> = {},
): PagesHandle<T> {
  // Types of paths and operands end here; what is checked are the values.
  return new PagesHandle<T>(client, map, filter as PagesFilter);
}
