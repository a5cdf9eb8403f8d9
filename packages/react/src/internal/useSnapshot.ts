import { TopGunError } from '@topgun/core';
import { useCallback, useMemo, useSyncExternalStore } from 'react';
import { useClient } from '../useClient.js';

/** What the hooks of queries have in common with each other. */
interface Handle<S> {
  /** Equal for handles that ask the same. */
  readonly key: string;
  getSnapshot(): S;
  onSnapshot(changed: () => void): () => void;
}

interface Asked<H> {
  readonly key: string;
  readonly handle?: H;
  readonly error?: TopGunError;
}

type Client = ReturnType<typeof useClient>;

const ignore = (): void => undefined;

/**
 * The snapshot of what `ask` makes, rendered again when it changes; `nothing`, always the same object, on a server and where the
 * question is refused. A question may be a new object in each render: of those with one key the first handle is kept.
 */
export function useSnapshot<S, H extends Handle<S>>(
  ask: (client: Client) => H,
  nothing: S,
): { readonly snapshot: S; readonly handle: H | undefined; readonly error: TopGunError | undefined } {
  const client = useClient();
  const asked = tryAsk(client, ask);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the whole of `asked`
  const { handle, error } = useMemo(() => asked, [client, asked.key]);
  const subscribe = useCallback((changed: () => void) => handle?.onSnapshot(changed) ?? ignore, [handle]);
  const snapshot = useSyncExternalStore(
    subscribe,
    () => handle?.getSnapshot() ?? nothing,
    () => nothing,
  );
  return { snapshot, handle, error };
}

function tryAsk<H extends { readonly key: string }>(client: Client, ask: (client: Client) => H): Asked<H> {
  try {
    const handle = ask(client);
    return { key: handle.key, handle };
  } catch (error) {
    if (!(error instanceof TopGunError)) throw error;
    return { key: `refused: ${error.message}`, error };
  }
}
