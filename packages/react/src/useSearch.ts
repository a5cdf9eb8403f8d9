import {
  type SearchHandle,
  type SearchHit,
  type SearchOptions,
  type SearchSnapshot,
  search,
} from '@topgun/client/search';
import { TopGunError } from '@topgun/core';
import { useCallback, useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { useClient } from './useClient.js';

export interface UseSearchOptions extends Omit<SearchOptions, 'query'> {
  /** ms: how long the text must rest before it is searched for; 0 when left out, for a search on the device takes a few ms. */
  readonly debounceMs?: number;
}

export interface SearchView<T> {
  /** The best first; unchanged hits are the same objects as before, an unchanged result is the same array. */
  readonly hits: readonly SearchHit<T>[];
  /** True until the device's store is read or the map is synced; from then on `hits` is what there is. */
  readonly loading: boolean;
  /** Why the search is refused. */
  readonly error: TopGunError | undefined;
  readonly completeness: 'partial' | 'complete';
  /** How much of what the device holds is indexed, 0 to 1. */
  readonly progress: number;
}

const NOTHING: SearchSnapshot<never> = { hits: [], completeness: 'partial', isLoaded: false, progress: 0 };
const nothing = (): typeof NOTHING => NOTHING;
const ignore = (): void => undefined;

/**
 * Records of a map that hold the words of a text, the best first, rendered again when they change. The options may be a new object in each
 * render. Empty and loading on a server.
 */
export function useSearch<T>(map: string, query: string, options: UseSearchOptions): SearchView<T> {
  const client = useClient();
  const { debounceMs = 0, ...rest } = options;
  const text = useRested(query, debounceMs);
  const asked = ask<T>(() => search<T>(client, map, { ...rest, query: text }));
  // Searches for the same have the same key; what the first of them made is kept.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the whole of `asked`
  const { handle, error } = useMemo(() => asked, [client, asked.key, options.textIndex]);
  const subscribe = useCallback((changed: () => void) => handle?.onSnapshot(changed) ?? ignore, [handle]);
  const { hits, completeness, isLoaded, progress } = useSyncExternalStore<SearchSnapshot<T>>(
    subscribe,
    () => handle?.getSnapshot() ?? NOTHING,
    nothing,
  );
  const loading = !isLoaded && error === undefined;
  return useMemo(
    () => ({ hits, loading, error, completeness, progress }),
    [hits, loading, error, completeness, progress],
  );
}

/** A value once it has not changed for so long; at once with 0. */
function useRested(value: string, restMs: number): string {
  const [rested, setRested] = useState(value);
  useEffect(() => {
    if (restMs <= 0) return undefined;
    const timer = setTimeout(() => setRested(value), restMs);
    return () => clearTimeout(timer);
  }, [value, restMs]);
  return restMs <= 0 ? value : rested;
}

interface Asked<T> {
  readonly key: string;
  readonly handle?: SearchHandle<T, SearchOptions>;
  readonly error?: TopGunError;
}

function ask<T>(make: () => SearchHandle<T, SearchOptions>): Asked<T> {
  try {
    const handle = make();
    return { key: handle.key, handle };
  } catch (error) {
    if (!(error instanceof TopGunError)) throw error;
    return { key: `refused: ${error.message}`, error };
  }
}
