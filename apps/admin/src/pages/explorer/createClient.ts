import { MemoryAdapter } from '@topgun/adapters';
import { TopGunClient } from '@topgun/client';

/** A client that keeps nothing on this machine: an operator looks, and goes. */
export function createClient(token: () => string | undefined): TopGunClient {
  const client = new TopGunClient({
    serverUrl: location.origin.replace(/^http/, 'ws'),
    storage: new MemoryAdapter(),
  });
  // Where everybody may do everything there is no token.
  if (token() !== undefined) client.setAuthTokenProvider(async () => token() ?? null);
  return client;
}
