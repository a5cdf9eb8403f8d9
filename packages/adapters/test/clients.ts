import { MemoryAdapter, MemoryDisk } from '@topgun/adapters';
import { TopGunClient, type TopGunClientOptions } from '@topgun/client';
import { afterEach } from 'vitest';

const clients: TopGunClient[] = [];
let stores = 0;

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
});

/** A client on a memory store of its own; closed when the test ends. */
export function makeClient(options: Partial<TopGunClientOptions> = {}): TopGunClient {
  stores += 1;
  const client = new TopGunClient({
    storage: new MemoryAdapter({ disk: new MemoryDisk() }),
    storeName: `client-test-${stores}`,
    backoff: { baseMs: 1, jitter: 0 },
    ...options,
  });
  clients.push(client);
  return client;
}

export const reached = (client: TopGunClient, wanted: string): Promise<void> =>
  new Promise((resolve) => {
    if (client.getConnectionState() === wanted) resolve();
    else {
      const end = client.onConnectionStateChange(({ state }) => {
        if (state !== wanted) return;
        end();
        resolve();
      });
    }
  });

/** Everything that waits on promises and microtasks is done afterwards. */
export const settle = async (): Promise<void> => {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
};
