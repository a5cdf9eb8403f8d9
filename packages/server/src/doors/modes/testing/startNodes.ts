import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServerConfigInput } from '../../../config/schema.js';
import type { RedisTopology } from '../../../local/redisTopologies.js';
import { ServerCoordinator } from '../../../ServerCoordinator.js';
import { startPostgres } from '../../../storage/postgres/local/startPostgres.js';
import { Deployment, POLICIES, SECRET, SENDERS } from './Deployment.js';

/** So many nodes with stores of their own; `config` is what they share. */
export async function startNodes(
  count: number,
  config: ServerConfigInput,
  name = 'node',
): Promise<Deployment> {
  const folder = mkdtempSync(join(tmpdir(), 'topgun-modes-'));
  const webhooksFile = join(folder, 'webhooks.json');
  writeFileSync(webhooksFile, JSON.stringify({ senders: SENDERS }));
  const shared = {
    jwtSecret: SECRET,
    policies: POLICIES,
    webhooksFile,
    roomPresence: true,
    bridge: true,
  };
  const nodes = Array.from({ length: count }, (_, i) => {
    const own = {
      port: 0,
      dataDir: join(folder, String(i)),
      nodeId: `${name}-${i}`,
      logLevel: 'fatal',
    } as const;
    return new ServerCoordinator({ ...shared, drainMs: 1_000, ...config, ...own });
  });
  const addresses = await Promise.all(nodes.map((node) => node.start()));
  return new Deployment({
    urls: addresses.map(({ port }) => `http://127.0.0.1:${port}`),
    nodes,
    stop: async () => {
      await Promise.all(nodes.map((node) => node.shutdown()));
      rmSync(folder, { recursive: true, force: true });
    },
  });
}

/** Nodes over one Redis, where mailboxes lie too. */
export const startNodesOver = (
  { config }: Pick<RedisTopology, 'config'>,
  count: number,
  rest: ServerConfigInput = {},
  name?: string,
): Promise<Deployment> => startNodes(count, { ...config, mailboxes: 'redis', ...rest }, name);

/** Three nodes over a Redis that is theirs alone, and ends with them. */
export async function startNodesWith(
  topology: RedisTopology,
  config: ServerConfigInput = {},
): Promise<Deployment> {
  const { urls, nodes, stop } = await startNodesOver(topology, 3, config);
  return new Deployment({
    urls,
    nodes,
    stop: async () => {
      await stop();
      await topology.dispose();
    },
  });
}

/** Three nodes of a cluster over a PostgreSQL that is theirs alone, and without a Redis. */
export async function startClusterNodes(): Promise<Deployment> {
  const postgres = await startPostgres();
  const shared = { cluster: true, databaseUrl: postgres.url, clusterSecret: SECRET };
  const { urls, nodes, stop } = await startNodes(3, shared);
  return new Deployment({
    urls,
    nodes,
    stop: async () => {
      await stop();
      await postgres.stop();
    },
  });
}
