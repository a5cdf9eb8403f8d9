import type { QueryHandle, QuerySnapshot, Row, TopGunClient } from '@topgun/client';
import type { QueryFilter } from '@topgun/core';
import { TopGunError } from '@topgun/core';
import { useCallback, useMemo, useSyncExternalStore } from 'react';
import { useClient } from './useClient.js';

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
const nothing = (): typeof NOTHING => NOTHING;
const ignore = (): void => undefined;
const EVERYTHING = {};

/**
 * Rows of a map that match a filter, rendered again when they change: at once what the device holds, own writes in the
 * same tick, then the server's rows. The filter may be a new object in each render. Empty and loading on a server.
 */
export function useQuery<T>(map: string, filter: QueryFilter<NoInfer<T>> = EVERYTHING): QueryView<T> {
  const client = useClient();
  const asked = ask<T>(client, map, filter);
  // Filters that ask the same have the same key; what the first of them made is kept.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the whole of `asked`
  const { query, error } = useMemo(() => asked, [client, asked.key]);
  const subscribe = useCallback((changed: () => void) => query?.onSnapshot(changed) ?? ignore, [query]);
  const { rows, completeness, isLoaded } = useSyncExternalStore<QuerySnapshot<T>>(
    subscribe,
    () => query?.getSnapshot() ?? NOTHING,
    nothing,
  );
  const loading = !isLoaded && error === undefined;
  return useMemo(() => ({ data: rows, loading, error, completeness }), [rows, loading, error, completeness]);
}

interface Asked<T> {
  readonly key: string;
  readonly query?: QueryHandle<T>;
  readonly error?: TopGunError;
}

function ask<T>(client: TopGunClient, map: string, filter: QueryFilter<T>): Asked<T> {
  try {
    const query = client.query<T>(map, filter);
    return { key: query.key, query };
  } catch (error) {
    if (!(error instanceof TopGunError)) throw error;
    return { key: `refused: ${error.message}`, error };
  }
}
