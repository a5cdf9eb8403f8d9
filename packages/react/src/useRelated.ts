import {
  type Includes,
  type RelatedHandle,
  type RelatedRow,
  type RelatedSnapshot,
  type RowsOf,
  related,
} from '@topgun/client/relations';
import type { TopGunError } from '@topgun/core';
import { useMemo } from 'react';
import { useSnapshot } from './internal/useSnapshot.js';

export interface RelatedResult<R> {
  /** The rows with their partners; one that did not change, and whose partners did not, is the same object as before. */
  readonly data: readonly R[];
  /** True until the device's store is read, or the server has answered. */
  readonly loading: boolean;
  /** Why the question is refused. */
  readonly error: TopGunError | undefined;
  /** `complete` once the server's rows are in, those of the partners too; `partial` while this is what the device holds. */
  readonly completeness: 'partial' | 'complete';
}

const NOTHING: RelatedSnapshot<never> = { rows: [], completeness: 'partial', isLoaded: false };

/**
 * Rows of a map, each with its partners in other maps, rendered again when one of them changes; see `related` of
 * `@topgun/client/relations`. The question may be made of new objects in each render. Empty and loading on a server.
 *
 * ```tsx
 * const { data } = useRelated(rows<Post>('posts', { sort: { at: 'desc' } }), {
 *   author: one<User>('users', { from: 'authorId' }),
 * });
 * ```
 */
export function useRelated<T, const I extends Includes>(
  of: RowsOf<T>,
  includes: I,
): RelatedResult<RelatedRow<T, I>> {
  type Result = RelatedRow<T, I>;
  const { snapshot, error } = useSnapshot<RelatedSnapshot<Result>, RelatedHandle<Result>>(
    (client) => related(client, of, includes),
    NOTHING,
  );
  const { rows, completeness, isLoaded } = snapshot;
  const loading = !isLoaded && error === undefined;
  return useMemo(() => ({ data: rows, loading, error, completeness }), [rows, loading, error, completeness]);
}
