import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster, startSingle } from '../../local/redisTopologies.js';
import type { JsonClient } from '../ws/testing/JsonClient.js';
import type { Deployment } from './testing/Deployment.js';
import { describeSockets } from './testing/describeSockets.js';
import { describeStreams } from './testing/describeStreams.js';
import { describeWebhooks } from './testing/describeWebhooks.js';
import { startClusterNodes, startNodes, startNodesOver, startNodesWith } from './testing/startNodes.js';

describe.each([
  ['one node without Redis', () => startNodes(1, {})],
  ['three nodes over one Redis', async () => startNodesWith(await startSingle())],
  ['three nodes of a cluster without Redis', () => startClusterNodes()],
  ['three nodes over a Redis Cluster', async () => startNodesWith(await startCluster())],
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

it('[BUS-10] [S003-2] [S004-12] [S004-29] a fourth node joins by its settings alone: it knows what was said before, hears the others and is heard', async () => {
  const topology = await startSingle();
  const three = await startNodesOver(topology, 3);
  const there = await Promise.all(three.urls.map(() => three.socket('ann')));
  for (let n = 0; n < 6; n++) await three.publish('tenant/acme', n);
  const fourth = await startNodesOver(topology, 1, {}, 'joined');
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
