import type { WriteHandle } from '@topgun/client';
import { useMemo } from 'react';
import { useClient } from './useClient.js';

export interface Mutation<V> {
  /** Sets the value of a key; `ttlMs` hides it that many ms later. */
  readonly create: (key: string, value: V, ttlMs?: number) => WriteHandle;
  /** Sets the whole value of a key that exists; the same as `create`, for code that reads better with it. */
  readonly update: (key: string, value: V, ttlMs?: number) => WriteHandle;
  readonly remove: (key: string) => WriteHandle;
}

/**
 * Writes to a map, without being rendered again when it changes and without having the device hold all of it; the same
 * object as long as the name is.
 */
export function useMutation<V>(name: string): Mutation<V> {
  const client = useClient();
  return useMemo(() => {
    const map = client.getMapWriter<V>(name);
    const set = (key: string, value: V, ttlMs?: number): WriteHandle => map.set(key, value, ttlMs);
    return { create: set, update: set, remove: (key) => map.remove(key) };
  }, [client, name]);
}
