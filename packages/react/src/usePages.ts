import type { Row } from '@topgun/client';
import { type PageSnapshot, type PagesFilter, type PagesHandle, pages } from '@topgun/client/pages';
import type { TopGunError } from '@topgun/core';
import { useMemo } from 'react';
import { useSnapshot } from './internal/useSnapshot.js';

export interface PagesResult<T> {
  /** The rows of the page; unchanged rows are the same objects as before, an unchanged page is the same array. */
  readonly data: readonly Row<T>[];
  /** Whether rows follow this page. */
  readonly hasMore: boolean;
  /** Whether this page begins behind others. */
  readonly hasPrevious: boolean;
  /** To the rows behind the last one; false when there are none. */
  readonly next: () => boolean;
  /** To the rows before the first one; false when this is the first page. */
  readonly previous: () => boolean;
  readonly first: () => void;
  /** Makes the page longer by a page, for lists that grow as they are scrolled. */
  readonly more: () => boolean;
  /** A cursor at the last row, for links; it holds for 10 minutes. */
  readonly nextCursor: () => string | undefined;
  /** What became of the `cursor` of the filter; only of a `valid` one rows are shown. */
  readonly cursorStatus: 'none' | 'valid' | 'expired' | 'invalid';
  /** True until the device's store is read, or the server has answered. */
  readonly loading: boolean;
  /** Why the filter or the cursor is refused. */
  readonly error: TopGunError | undefined;
  /** `complete` once the server's rows are in; `partial` while `data` is what this device holds. */
  readonly completeness: 'partial' | 'complete';
}

const NOTHING: PageSnapshot<never> = {
  rows: [],
  hasMore: false,
  hasPrevious: false,
  completeness: 'partial',
  isLoaded: false,
};
const EVERYTHING = {};
const no = (): false => false;
const none = (): undefined => undefined;

/**
 * The rows of a map that match a filter, page by page, rendered again when the page that shows changes; see `pages` of
 * `@topgun/client/pages`. The filter may be a new object in each render; one that asks something else begins at its first page. Empty
 * and loading on a server.
 *
 * A list that grows as it is scrolled calls `more`, one with buttons `next` and `previous`.
 */
export function usePages<T>(map: string, filter: PagesFilter<NoInfer<T>> = EVERYTHING): PagesResult<T> {
  const { cursor, ...question } = filter;
  const { snapshot, handle, error } = useSnapshot<PageSnapshot<T>, PagesHandle<T>>(
    (client) => pages<T>(client, map, question),
    NOTHING,
    // A list that is open does not end with the life of the cursor it began at.
    { part: cursor, ask: (client) => pages<T>(client, map, filter) },
  );
  const actions = useMemo(
    () => ({
      next: handle ? () => handle.next() : no,
      previous: handle ? () => handle.previous() : no,
      first: () => handle?.first(),
      more: handle ? () => handle.more() : no,
      nextCursor: handle ? () => handle.nextCursor() : none,
    }),
    [handle],
  );
  const cursorStatus = statusOf(cursor, error);
  return useMemo(() => {
    const { rows: data, hasMore, hasPrevious, completeness, isLoaded } = snapshot;
    const loading = !isLoaded && error === undefined;
    return { data, hasMore, hasPrevious, completeness, loading, error, cursorStatus, ...actions };
  }, [snapshot, actions, error, cursorStatus]);
}

function statusOf(
  cursor: string | undefined,
  error: TopGunError | undefined,
): PagesResult<never>['cursorStatus'] {
  if (error?.code === 'CURSOR_EXPIRED') return 'expired';
  if (error?.code === 'CURSOR_INVALID') return 'invalid';
  return cursor === undefined ? 'none' : 'valid';
}
