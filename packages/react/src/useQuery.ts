import type { QueryHandle, QuerySnapshot, Row } from '@topgun/client';
import type { QueryFilter, TopGunError } from '@topgun/core';
import { useMemo } from 'react';
import { useSnapshot } from './internal/useSnapshot.js';

export interface QueryView<T> {
  /** The rows; unchanged rows are the same objects as before, an unchanged result is the same array. */
  readonly data: readonly Row<T>[];
  /** True until the device's store is read, or the server has answered; from then on `data` is what there is. */
  readonly loading: boolean;
  /** Why the filter is refused. */
  readonly error: TopGunError | undefined;
  /** `complete` once the server's rows are in; `partial` while `data` is what this device holds. */
  readonly completeness: 'partial' | 'complete';
}

const NOTHING: QuerySnapshot<never> = { rows: [], completeness: 'partial', isLoaded: false };
const EVERYTHING = {};

/**
 * Rows of a map that match a filter, rendered again when they change: at once what the device holds, own writes in the
 * same tick, then the server's rows. The filter may be a new object in each render. Empty and loading on a server.
 */
export function useQuery<T>(map: string, filter: QueryFilter<NoInfer<T>> = EVERYTHING): QueryView<T> {
  const { snapshot, error } = useSnapshot<QuerySnapshot<T>, QueryHandle<T>>(
    (client) => client.query<T>(map, filter),
    NOTHING,
  );
  const { rows, completeness, isLoaded } = snapshot;
  const loading = !isLoaded && error === undefined;
  return useMemo(() => ({ data: rows, loading, error, completeness }), [rows, loading, error, completeness]);
}
