import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { startCluster, startSingle } from '../../bus/testing/redisTopologies.js';
import type { ServerConfigInput } from '../../config/schema.js';
import { ServerCoordinator } from '../../ServerCoordinator.js';
import { Deployment, POLICIES, SECRET, SENDERS } from './testing/Deployment.js';
import { describeSockets } from './testing/describeSockets.js';
import { describeStreams } from './testing/describeStreams.js';
import { describeWebhooks } from './testing/describeWebhooks.js';

/** So many nodes with stores of their own; `config` is what they share. */
async function startNodes(count: number, config: ServerConfigInput): Promise<Deployment> {
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
      nodeId: `node-${i}`,
      logLevel: 'fatal',
    } as const;
    return new ServerCoordinator({ ...shared, drainMs: 1_000, ...config, ...own });
  });
  const addresses = await Promise.all(nodes.map((node) => node.start()));
  const urls = addresses.map(({ port }) => `http://127.0.0.1:${port}`);
  return new Deployment(urls, async () => {
    await Promise.all(nodes.map((node) => node.shutdown()));
    rmSync(folder, { recursive: true, force: true });
  });
}

/** Three nodes over a Redis of their own. */
const overRedis = (start: typeof startSingle) => async (): Promise<Deployment> => {
  const topology = await start();
  const nodes = await startNodes(3, topology.config);
  return new Deployment(nodes.urls, async () => {
    await nodes.stop();
    await topology.dispose();
  });
};

describe.each([
  ['one node without Redis', () => startNodes(1, {})],
  ['three nodes over one Redis', overRedis(startSingle)],
  ['three nodes over a Redis Cluster', overRedis(startCluster)],
] as const)('the doors of %s', (_, start) => {
  let deployment: Deployment;
  beforeAll(async () => {
    deployment = await start();
  });
  afterAll(() => deployment.stop());

  describeStreams(() => deployment);
  describeSockets(() => deployment);
  describeWebhooks(() => deployment);
});
