import type { TopGunClient } from '@topgun/client';
import type { SearchHit, SearchSnapshot } from '@topgun/client/search';
import { TopGunError } from '@topgun/core';
import { useCallback, useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { useClient } from '../useClient.js';

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

/** What all searches have, whatever their options. */
interface Handle<T> {
  readonly key: string;
  onSnapshot(callback: () => void): () => void;
  getSnapshot(): SearchSnapshot<T>;
}

const NOTHING: SearchSnapshot<never> = { hits: [], completeness: 'partial', isLoaded: false, progress: 0 };
const nothing = (): typeof NOTHING => NOTHING;
const ignore = (): void => undefined;

/** The hits of the search that `make` makes in every render; `engine` is what it is made with beside what its key says. */
export function useHits<T>(make: (client: TopGunClient) => Handle<T>, engine: unknown): SearchView<T> {
  const client = useClient();
  const asked = ask(() => make(client));
  // Searches for the same have the same key; what the first of them made is kept.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the whole of `asked`
  const { handle, error } = useMemo(() => asked, [client, asked.key, engine]);
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
export function useRested(value: string, restMs: number): string {
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
  readonly handle?: Handle<T>;
  readonly error?: TopGunError;
}

function ask<T>(make: () => Handle<T>): Asked<T> {
  try {
    const handle = make();
    return { key: handle.key, handle };
  } catch (error) {
    if (!(error instanceof TopGunError)) throw error;
    return { key: `refused: ${error.message}`, error };
  }
}
