import type { TopicPlace } from '@topgun/protocol';
import { afterEach, expect, it } from 'vitest';
import { type RedisTopology, startSingle } from '../local/redisTopologies.js';
import { ServerCoordinator } from '../ServerCoordinator.js';
import { BinaryClient } from './testing/BinaryClient.js';

const TOPIC = 'room/1';
const ROUNDS = 6;

let redis: RedisTopology | undefined;
const nodes: ServerCoordinator[] = [];
const clients: BinaryClient[] = [];
afterEach(async () => {
  for (const { socket } of clients.splice(0)) socket.terminate();
  await Promise.all(nodes.splice(0).map((node) => node.shutdown()));
  await redis?.dispose();
});

it('[TOP-5] [S004-16] nodes fail one after the other under load: their clients go on at others, and hear every accepted message once', async () => {
  redis = await startSingle();
  const { config } = redis;
  const started = async (nodeId: string): Promise<ServerCoordinator> => {
    const node = new ServerCoordinator({
      port: 0,
      dev: true,
      storage: 'memory',
      logLevel: 'silent',
      drainMs: 50,
      nodeId,
      topicNamespaces: [
        { pattern: 'room/*', count: 100_000, ageMs: 600_000, bytes: 64 * 1024 * 1024, durable: false },
      ],
      ...config,
    });
    nodes.push(node);
    await node.start();
    return node;
  };
  // The first one is spoken to, and stays; the others fail.
  const speaker = await started('speaker');
  const accepted: string[] = [];
  let isOver = false;
  const speak = async (): Promise<void> => {
    while (!isOver) accepted.push((await speaker.publish(TOPIC, accepted.length)).id);
  };
  let failing = await started('node-0');
  let client = await BinaryClient.connect(failing.port, 'device');
  clients.push(client);
  client.send({ type: 'TOPIC_SUB', topic: TOPIC });
  const { epoch, offset } = await client.take('TOPIC_HEARD');
  let since: TopicPlace = [epoch, offset];
  const heard: string[] = [];
  const speaking = speak();
  for (let round = 1; round <= ROUNDS; round++) {
    await client.take('TOPIC_MSG').then(({ id, epoch: at = '', offset: place = 0 }) => {
      heard.push(id);
      since = [at, place];
    });
    const next = await started(`node-${round}`);
    // What the node had on the way to its client goes with it.
    client.socket.terminate();
    const gone = failing.shutdown();
    for (const { id, epoch: at = '', offset: place = 0 } of client.drain('TOPIC_MSG')) {
      heard.push(id);
      since = [at, place];
    }
    client = await BinaryClient.connect(next.port, `device${round}`);
    clients.push(client);
    client.send({ type: 'TOPIC_SUB', topic: TOPIC, since });
    expect(await client.take('TOPIC_HEARD')).toMatchObject({ recovered: true });
    await gone;
    failing = next;
  }
  isOver = true;
  await speaking;
  while (heard.length < accepted.length) heard.push((await client.take('TOPIC_MSG')).id);
  expect(heard).toEqual(accepted);
  expect(heard.length).toBeGreaterThan(5 * ROUNDS);
});
