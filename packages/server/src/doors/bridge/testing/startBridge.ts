import { afterEach } from 'vitest';
import { BridgeServer } from './BridgeServer.js';

const servers: BridgeServer[] = [];

/** A bridge that ends with its test. */
export const startBridge = (...args: ConstructorParameters<typeof BridgeServer>): Promise<BridgeServer> => {
  const server = new BridgeServer(...args);
  servers.push(server);
  return server.listen();
};

/** To be called once in a file: it ends what `startBridge` has started. */
export const endBridges = (): void =>
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

/** What this turn of the event loop has begun is done. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
