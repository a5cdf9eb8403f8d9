import { useCallback, useMemo, useSyncExternalStore } from 'react';
import { useClient } from './useClient.js';

export interface CounterView {
  readonly value: number;
  readonly increment: () => number;
  readonly decrement: () => number;
  /** Adds a safe integer of either sign and returns the value as this device sees it. */
  readonly add: (delta: number) => number;
}

const zero = (): number => 0;

/** The counter of this name, rendered again when its value changes. 0 on a server. */
export function usePNCounter(name: string): CounterView {
  const client = useClient();
  const counter = client.getPNCounter(name);
  const subscribe = useCallback((changed: () => void) => counter.onChange(changed), [counter]);
  const value = useSyncExternalStore(subscribe, () => counter.get(), zero);
  const calls = useMemo(
    () => ({
      increment: () => counter.increment(),
      decrement: () => counter.decrement(),
      add: (delta: number) => counter.addAndGet(delta),
    }),
    [counter],
  );
  return useMemo(() => ({ value, ...calls }), [value, calls]);
}
