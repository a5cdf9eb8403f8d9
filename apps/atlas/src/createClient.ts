import { IDBAdapter } from '@topgun/adapters';
import { TopGunClient } from '@topgun/client';
import { declareIndexes } from './state/indexes.js';
import { CITIES_MAP } from './state/model.js';

/** One store per browser profile and server: all tabs share it, and it survives a reload without a network. */
const STORE_NAME = 'topgun-atlas';

/** A person watches the indicator: look for the server at least this often. */
const RETRY_MS_MAX = 5000;

/** The client of this tab, opened on the whole map, so that every city can be found without a network. */
export function createClient(): TopGunClient {
  const client = new TopGunClient({
    serverUrl: location.origin.replace(/^http/, 'ws'),
    storage: new IDBAdapter(),
    storeName: STORE_NAME,
    backoff: { capMs: RETRY_MS_MAX },
  });
  client.getMap(CITIES_MAP);
  declareIndexes(client);
  return client;
}
