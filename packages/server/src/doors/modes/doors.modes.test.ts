import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCluster, startSingle } from '../../bus/testing/redisTopologies.js';
import type { ServerConfigInput } from '../../config/schema.js';
import { ServerCoordinator } from '../../ServerCoordinator.js';
import { type Deployment, describeDoors } from './describeDoors.js';

/** So many nodes with stores of their own; `config` is what they share. */
async function startNodes(count: number, config: ServerConfigInput): Promise<Deployment> {
  const folder = mkdtempSync(join(tmpdir(), 'topgun-modes-'));
  const nodes = Array.from({ length: count }, (_, i) => {
    const own = {
      port: 0,
      dataDir: join(folder, String(i)),
      nodeId: `node-${i}`,
      logLevel: 'fatal',
    } as const;
    return new ServerCoordinator({ dev: true, bridge: true, drainMs: 1_000, ...config, ...own });
  });
  const addresses = await Promise.all(nodes.map((node) => node.start()));
  return {
    urls: addresses.map(({ port }) => `http://127.0.0.1:${port}`),
    stop: async () => {
      await Promise.all(nodes.map((node) => node.shutdown()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Three nodes over a Redis of their own. */
const overRedis = (start: typeof startSingle) => async (): Promise<Deployment> => {
  const topology = await start();
  const nodes = await startNodes(3, { ...topology.config, mailboxes: 'redis' });
  return {
    urls: nodes.urls,
    stop: async () => {
      await nodes.stop();
      await topology.dispose();
    },
  };
};

describeDoors('one node without Redis', () => startNodes(1, {}));
describeDoors('three nodes over one Redis', overRedis(startSingle));
describeDoors('three nodes over a Redis Cluster', overRedis(startCluster));
