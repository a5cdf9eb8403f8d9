import { MemoryAdapter, MemoryDisk } from '@topgun/adapters';
import { TopGunClient } from '@topgun/client';
import { TopGunError } from '@topgun/core';
import { linearRegex } from '@topgun/search/regex';
import { cliError } from '../cliErrors.js';

export interface FetchOptions {
  readonly map: string;
  /** `ws://` or `wss://` address of the server. */
  readonly url: string;
  readonly token?: string | undefined;
}

/**
 * Runs `work` on a client that holds what `open` opened: without it all of a map that its token may read. Rejects with `SERVER_UNREACHABLE`, and with the server's word when it
 * refuses the token or the map.
 */
export async function withMap<T>(
  { map, url, token }: FetchOptions,
  work: (client: TopGunClient) => T | Promise<T>,
  open: (client: TopGunClient) => unknown = (client) => client.getMap(map),
): Promise<T> {
  const client = new TopGunClient({
    serverUrl: url,
    storage: new MemoryAdapter({ disk: new MemoryDisk() }),
    storeName: `fetch-${process.pid}-${performance.now()}`,
    regex: linearRegex,
    ...(token === undefined ? {} : { token }),
  });
  // Told in the same turn as that the connection is there.
  let refused: TopGunError | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      client.onError((error) => {
        refused = error;
        reject(error);
      });
      client.onConnectionStateChange(({ state, error }) => {
        if (state === 'CONNECTED') resolve();
        else if (state === 'ERROR' || state === 'BACKOFF')
          reject(error ?? cliError('SERVER_UNREACHABLE', `No server answers at ${url}.`));
      });
      open(client);
    });
    if (refused !== undefined) throw refused;
    return await work(client);
  } catch (error) {
    if (error instanceof TopGunError && error.code === 'UNAVAILABLE')
      throw cliError('SERVER_UNREACHABLE', `No server answers at ${url}.`, error);
    throw error;
  } finally {
    await client.close();
  }
}
