import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster, startSingle } from '../../bus/testing/redisTopologies.js';
import type { ServerConfigInput } from '../../config/schema.js';
import { ServerCoordinator } from '../../ServerCoordinator.js';
import type { JsonClient } from '../ws/testing/JsonClient.js';
import { Deployment, POLICIES, SECRET, SENDERS } from './testing/Deployment.js';
import { describeSockets } from './testing/describeSockets.js';
import { describeStreams } from './testing/describeStreams.js';
import { describeWebhooks } from './testing/describeWebhooks.js';

/** So many nodes with stores of their own; `config` is what they share. */
async function startNodes(count: number, config: ServerConfigInput, name = 'node'): Promise<Deployment> {
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

it('[BUS-10] [S003-2] [S004-12] a fourth node joins by its settings alone: it knows what was said before, hears the others and is heard', async () => {
  const topology = await startSingle();
  const three = await startNodes(3, topology.config);
  const there = await Promise.all(three.urls.map(() => three.socket('ann')));
  for (let n = 0; n < 6; n++) await three.publish('tenant/acme', n);
  const fourth = await startNodes(1, topology.config, 'joined');
  const history = await fourth.ask('/api/topics/tenant/acme?limit=100');
  const { messages } = (await history.json()) as { readonly messages: readonly { readonly data: number }[] };
  expect(messages.map(({ data }) => data)).toEqual([0, 1, 2, 3, 4, 5]);
  const here = await fourth.socket('ben');
  for (let n = 6; n < 12; n++) await (n % 2 === 0 ? three : fourth).publish('tenant/acme', n);
  const heardBy = async (client: JsonClient, count: number): Promise<unknown[]> => {
    const payloads: unknown[] = [];
    while (payloads.length < count) payloads.push((await client.take('said')).payload);
    return payloads;
  };
  expect(await heardBy(here, 6)).toEqual([6, 7, 8, 9, 10, 11]);
  for (const client of there)
    expect(await heardBy(client, 12)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  await fourth.stop();
  await three.stop();
  await topology.dispose();
});
