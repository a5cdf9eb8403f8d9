import type { LWWMapHandle } from '@topgun/client';
import { useCallback, useMemo, useSyncExternalStore } from 'react';
import { useClient } from './useClient.js';

export interface MapView<V> {
  /** Live keys and values; the same array until the map changes. Render from this. */
  readonly entries: readonly (readonly [key: string, value: V])[];
  /** For writes, and for reads outside of rendering; the same object for the life of the client. */
  readonly map: LWWMapHandle<V>;
}

const NONE: readonly (readonly [string, never])[] = [];
const none = (): typeof NONE => NONE;

/** The map of this name, rendered again when anything visible in it changes. Empty on a server. */
export function useMap<V>(name: string): MapView<V> {
  const client = useClient();
  const map = client.getMap<V>(name);
  const subscribe = useCallback((changed: () => void) => map.subscribe(changed), [map]);
  const entries = useSyncExternalStore(subscribe, () => map.entries(), none);
  return useMemo(() => ({ entries, map }), [entries, map]);
}
