import { MemoryAdapter, MemoryDisk } from '@topgun/adapters';
import { TopGunClient } from '@topgun/client';

const clients: TopGunClient[] = [];

/** A client without server on a store of its own. */
export function makeClient(): TopGunClient {
  const client = new TopGunClient({
    storage: new MemoryAdapter({ disk: new MemoryDisk() }),
    storeName: `react-${clients.length}`,
  });
  clients.push(client);
  return client;
}

export async function closeClients(): Promise<void> {
  await Promise.all(clients.map((client) => client.close()));
}
