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
 *
 * `further` is for a part of the question that is taken today and refused tomorrow: it is asked with once per `part`, and what it
 * made stays.
 */
export function useSnapshot<S, H extends Handle<S>>(
  ask: (client: Client) => H,
  nothing: S,
  further?: { readonly part: string | undefined; readonly ask: (client: Client) => H },
): { readonly snapshot: S; readonly handle: H | undefined; readonly error: TopGunError | undefined } {
  const client = useClient();
  const asked = tryAsk(client, ask);
  const part = further?.part;
  // biome-ignore lint/correctness/useExhaustiveDependencies: key and part stand for the whole of the question
  const { handle, error } = useMemo(() => {
    return further === undefined || part === undefined || asked.error ? asked : tryAsk(client, further.ask);
  }, [client, asked.key, part]);
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
