import { IDBAdapter } from '@topgun/adapters';
import { TopGunClient } from '@topgun/client';
import { LISTS_MAP, TODOS_MAP } from './state/model.js';

/** One store per browser profile and server: all tabs share it, and it survives a reload without a network. */
const STORE_NAME = 'topgun-todo';

const RETRY_MS_MAX = 5000;

/** The server is where the page came from. */
function serverUrlOf(page: Pick<Location, 'protocol' | 'host'>): string {
  return `${page.protocol === 'https:' ? 'wss' : 'ws'}://${page.host}`;
}

/** The client of this tab, opened on both maps so that they are kept whole on the device. */
export function createClient(): TopGunClient {
  const client = new TopGunClient({
    serverUrl: serverUrlOf(location),
    storage: new IDBAdapter(),
    storeName: STORE_NAME,
    // A person watches the indicator: look for the server at least this often.
    backoff: { capMs: RETRY_MS_MAX },
  });
  client.getMap(TODOS_MAP);
  client.getMap(LISTS_MAP);
  return client;
}
