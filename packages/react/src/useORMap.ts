import type { ORMapHandle } from '@topgun/client';
import { useCallback, useMemo, useSyncExternalStore } from 'react';
import { useClient } from './useClient.js';

export interface ORMapView<V> {
  /** Keys with their values; the same array until the map changes. Render from this. */
  readonly entries: readonly (readonly [key: string, values: readonly V[]])[];
  /** For writes, and for reads outside of rendering; the same object for the life of the client. */
  readonly map: ORMapHandle<V>;
}

const NONE: readonly (readonly [string, readonly never[]])[] = [];
const none = (): typeof NONE => NONE;

/** The OR map of this name, rendered again when anything visible in it changes. Empty on a server. */
export function useORMap<V>(name: string): ORMapView<V> {
  const client = useClient();
  const map = client.getORMap<V>(name);
  const subscribe = useCallback((changed: () => void) => map.subscribe(changed), [map]);
  const entries = useSyncExternalStore(subscribe, () => map.entries(), none);
  return useMemo(() => ({ entries, map }), [entries, map]);
}
