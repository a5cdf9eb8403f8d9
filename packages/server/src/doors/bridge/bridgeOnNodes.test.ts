import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { EventSource } from 'eventsource';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { eventually, RedisGroup } from '../../local/redisProcesses.js';
import { ServerCoordinator } from '../../ServerCoordinator.js';
import { clientId } from './testing/BridgeServer.js';

const [A, B, C] = [clientId('a'), clientId('b'), clientId('c')];
const redis = new RedisGroup();
const METRICS_TOKEN = 'metrics-token-of-16';
/** what nodes tell each other of themselves */
const SHARED = 1;
const sources: EventSource[] = [];
let redisUrl: string;
let balancer: Server;
let url: string;
let nodes: ServerCoordinator[] = [];
let runs = 0;

beforeAll(async () => {
  redisUrl = (await redis.start()).url;
});
afterAll(() => redis.dispose());

beforeEach(async () => {
  runs++;
  nodes = Array.from(
    { length: 3 },
    (_, n) =>
      new ServerCoordinator({
        bridge: true,
        mailboxes: 'redis',
        port: 0,
        storage: 'memory',
        jwtSecret: 'k3J9vQ2mX7pL0sRt8WzYbN4cD6fH1gAe',
        nodeId: `n${n}`,
        redisUrl,
        redisPrefix: `bridge${runs}`,
        bridgeMessagesPerIpMax: 1_000,
        drainMs: 500,
        metricsToken: METRICS_TOKEN,
        logLevel: 'silent',
      }),
  );
  for (const node of nodes) await node.start();
  // The simplest balancer: each request goes to the next node.
  let turn = 0;
  balancer = createServer((asked, answer) => {
    const port = nodes[turn++ % nodes.length]?.port;
    const { method, url: path, headers } = asked;
    const onward = request({ host: '127.0.0.1', port, method, path, headers }, (response) => {
      answer.writeHead(response.statusCode ?? 0, response.headers);
      answer.flushHeaders();
      response.pipe(answer);
    });
    answer.on('close', () => onward.destroy());
    onward.on('error', () => answer.destroy());
    asked.pipe(onward);
  });
  balancer.listen(0, '127.0.0.1');
  await once(balancer, 'listening');
  url = `http://127.0.0.1:${(balancer.address() as AddressInfo).port}/bridge`;
});
afterEach(async () => {
  for (const source of sources.splice(0)) source.close();
  balancer.closeAllConnections();
  balancer.close();
  for (const node of nodes) await node.shutdown();
});

interface Heard {
  readonly ids: string[];
  readonly texts: string[];
}

/** Hears as a client does, with the EventSource of another project. */
async function hear(query: string, at = url): Promise<Heard> {
  const source = new EventSource(`${at}/events?${query}`);
  sources.push(source);
  const heard: Heard = { ids: [], texts: [] };
  source.addEventListener('message', ({ data, lastEventId }) => {
    heard.ids.push(lastEventId);
    heard.texts.push((JSON.parse(data as string) as { message: string }).message);
  });
  await new Promise((resolve, reject) => {
    source.addEventListener('open', resolve);
    source.addEventListener('error', reject);
  });
  return heard;
}

async function post(to: string, body: string): Promise<void> {
  const answer = await fetch(`${url}/message?client_id=${A}&to=${to}&ttl=300`, { method: 'POST', body });
  expect([body, answer.status, await answer.json()]).toEqual([body, 200, { message: 'OK', statusCode: 200 }]);
}

const at = (node: number): string => `http://127.0.0.1:${nodes[node]?.port}/bridge`;
const isPositive = (value: unknown): boolean => Number(value) > 0;
const numbers = (count: number): string[] => Array.from({ length: count }, (_, n) => String(n));

describe('the bridge on three nodes over one Redis', () => {
  it('[BRG-17] [BRG-25] [S000-1] [S000-2] [S000-7] each request may go to another node: what waits and what is live comes once and in order, to all who hear', async () => {
    for (const body of numbers(10)) await post(B, body);
    const heard = await Promise.all([0, 1, 2].map(() => hear(`client_id=${B},${C}`)));
    for (const body of numbers(20).slice(10)) await post(B, body);
    for (const { ids, texts } of heard) {
      await eventually('all is heard', () => texts.length >= 20);
      expect(texts).toEqual(numbers(20));
      expect(ids.map(Number)).toEqual([...new Set(ids.map(Number))].sort((a, b) => a - b));
    }
  });

  it('[BRG-18] [S000-3] a node is gone between the POST and the hearing; another one knows the message, and the place of who comes back', async () => {
    for (const body of numbers(4)) await post(B, body);
    const first = await hear(`client_id=${B}`, at(0));
    await eventually('all is heard', () => first.texts.length >= 4);
    await nodes.shift()?.shutdown();
    const second = await hear(`client_id=${B}&last_event_id=${first.ids[1]}`, at(0));
    await post(B, 'after');
    await eventually('the rest is heard', () => second.texts.length >= 3);
    expect(second.texts).toEqual(['2', '3', 'after']);
  });

  it('[BRG-20] [S000-9] one of two hearers at a node goes, and the other one goes on; the last one takes the channel along', async () => {
    await hear(`client_id=${B}`, at(0));
    const stays = await hear(`client_id=${B}`, at(0));
    sources.shift()?.close();
    await eventually('one is left', async () => (await metricOf('number_of_active_connections')) === 1);
    expect(await metricOf('number_of_active_subscriptions')).toBe(1);
    await post(B, 'x');
    await eventually('it is heard', () => stays.texts.length === 1);
    sources.shift()?.close();
    await eventually('none is left', async () => (await metricOf('topgun_topic_subscriptions')) === SHARED);
  });

  it('[BRG-29] [S000-2] verify knows at every node where a client was seen', async () => {
    await fetch(`${at(0)}/events?client_id=${C}`, { headers: { Origin: 'https://app.example' } });
    const verify = async (node: number): Promise<unknown> => {
      const asked = await fetch(`${at(node)}/verify?client_id=${C}&url=https://app.example/x`, {
        method: 'POST',
      });
      return ((await asked.json()) as { readonly status: unknown }).status;
    };
    for (const node of [0, 1, 2])
      await eventually(`node ${node} knows`, async () => (await verify(node)) === 'ok');
  });

  it('[S000-23] a node knows its own connections alone, and nothing of a connection lies in Redis but what expires by itself', async () => {
    const client = new Redis(redisUrl);
    onTestFinished(() => client.disconnect());
    const heard = [
      await hear(`client_id=${B}`, at(0)),
      await hear(`client_id=${B}`, at(0)),
      await hear(`client_id=${C}`, at(1)),
    ];
    for (const to of [B, C]) await post(to, to);
    await eventually('all is heard', () => heard.every(({ texts }) => texts.length === 1));
    for (const [node, count] of [2, 1, 0].entries())
      expect([node, await metricOf('number_of_active_connections', node)]).toEqual([node, count]);
    const keys = await client.keys(`bridge${runs}:*`);
    const places = keys.filter((key) => key.endsWith(':place'));
    const others = keys.filter((key) => !places.includes(key));
    expect(others.filter((key) => key.includes(B)).length).toBeGreaterThan(0);
    for (const key of others)
      expect([key, await client.pttl(key)]).toEqual([key, expect.toSatisfy(isPositive)]);
    // Where a partition stands, which is nobody's.
    for (const key of places)
      expect(
        Object.keys(await client.hgetall(key))
          .sort()
          .join(),
      ).not.toMatch(new RegExp(`${A}|${B}|${C}`));
  });

  async function metricOf(name: string, node = 0): Promise<number> {
    const asked = await fetch(`http://127.0.0.1:${nodes[node]?.port}/metrics`, {
      headers: { Authorization: `Bearer ${METRICS_TOKEN}` },
    });
    return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(await asked.text())?.[1]);
  }
});
