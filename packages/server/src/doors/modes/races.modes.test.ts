import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RedisTopology, startCluster } from '../../bus/testing/redisTopologies.js';
import { clientId } from '../bridge/testing/BridgeServer.js';
import { JsonClient } from '../ws/testing/JsonClient.js';
import type { Deployment } from './testing/Deployment.js';
import { Listener } from './testing/Listener.js';
import { startNodesOver } from './testing/startNodes.js';

/** How often each door is opened while others publish; `npm run test:races -- 1000` asks for more. */
const RACES = Number(process.env.TOPGUN_DOOR_RACES || '60');
const CHAINS = 6;

let topology: RedisTopology;
let deployment: Deployment;
let turn = 0;

beforeAll(async () => {
  topology = await startCluster();
  const many = 1_000_000;
  deployment = await startNodesOver(topology, 3, {
    dev: true,
    policies: [{ role: '*', map: '**', actions: ['READ', 'PUT'] }],
    storage: 'memory',
    topicNamespaces: [{ pattern: 'race/*', count: 100_000, ageMs: 600_000, bytes: 1e8 }],
    bridgeMailboxMessagesMax: 100_000,
    bridgeMessagesPerIpMax: many,
    bridgeConnectionsPerIpMax: many,
    sseConnectionsPerIpMax: many,
    sseConnectionsPerUserMax: many,
    wsConnectionsPerIpMax: many,
    wsConnectionsPerUserMax: many,
    httpRequestsPerIpMax: many,
    httpRequestsPerUserMax: many,
    handshakesMax: many,
    handshakesPerIpMax: many,
  });
}, 120_000);
afterAll(async () => {
  await deployment.stop();
  await topology.dispose();
});

/** Each request goes to the next node. */
const nextUrl = (path: string): string => `${deployment.urls[turn++ % deployment.urls.length]}${path}`;

/** What one opening of a door heard: numbers as they were published, and the place behind the last one. */
interface Hearing<Place> {
  readonly numbers: readonly number[];
  readonly place: Place;
}

interface Door<Place> {
  readonly start: Place;
  publish(chain: number, n: number): Promise<void>;
  /** Opens it behind a place, and closes it when it has heard so many. */
  hear(chain: number, after: Place, count: number): Promise<Hearing<Place>>;
}

const publishRace = async (chain: string, n: number): Promise<void> => {
  const node = deployment.nodes[turn++ % deployment.nodes.length];
  await node?.publish(`race/${chain}`, n, { name: 'said' });
};

const sse: Door<string | undefined> = {
  start: undefined,
  publish: (chain, n) => publishRace(`sse-${chain}`, n),
  hear: async (chain, after, count) => {
    const listener = new Listener();
    const headers = after === undefined ? {} : { 'Last-Event-ID': after };
    const url = nextUrl(`/events/subscribe?topics=race/sse-${chain}`);
    await listener.open((signal) => fetch(url, { headers, signal }));
    // The first event says where it begins, and whether all since is told.
    const events = await listener.until(count + 1);
    listener.close();
    const [head, ...heard] = events;
    const expected = after === undefined ? {} : { recovered: true };
    expect(JSON.parse(head?.data ?? '')).toMatchObject({ type: 'connected', ...expected });
    return { numbers: heard.map(({ data }) => Number(data)), place: heard.at(-1)?.id };
  },
};

const bridge: Door<string> = {
  start: '0',
  publish: async (chain, n) => {
    const query = `client_id=${clientId('f')}&to=${clientId(String(chain))}&ttl=300`;
    const response = await fetch(nextUrl(`/bridge/message?${query}`), { method: 'POST', body: String(n) });
    expect([response.status, await response.json()]).toEqual([200, { message: 'OK', statusCode: 200 }]);
  },
  hear: async (chain, after, count) => {
    const listener = new Listener();
    const query = `client_id=${clientId(String(chain))}&last_event_id=${after}`;
    const url = nextUrl(`/bridge/events?${query}`);
    await listener.open((signal) => fetch(url, { signal }));
    const heard = [...(await listener.until(count))];
    listener.close();
    const numbers = heard.map(({ data }) => Number((JSON.parse(data) as { message: string }).message));
    return { numbers, place: heard.at(-1)?.id ?? after };
  },
};

type WsPlace = { readonly epoch: string; readonly offset: number } | undefined;
const ws: Door<WsPlace> = {
  start: undefined,
  publish: (chain, n) => publishRace(`ws-${chain}`, n),
  hear: async (chain, since, count) => {
    const client = await JsonClient.open(Number(new URL(nextUrl('/')).port), {});
    if (typeof client === 'number') throw new Error(`/ws answered ${client}`);
    client.send({ type: 'subscribe', topic: `race/ws-${chain}`, ...(since && { since }), message_id: 's' });
    const answer = await client.find(({ reply_to }) => reply_to === 's');
    expect(answer.payload).toMatchObject({ recovered: true });
    const numbers: number[] = [];
    let place = since;
    while (numbers.length < count) {
      const { payload, epoch = '', offset = 0 } = await client.take('said');
      numbers.push(Number(payload));
      place = { epoch, offset };
    }
    client.ws.terminate();
    return { numbers, place };
  },
};

/** Opens the door again and again, each time at another node, while another one publishes: the pieces must fit. */
async function race<Place>(door: Door<Place>, chain: number, races: number): Promise<void> {
  let isOver = false;
  let published = 0;
  const publishing = (async () => {
    while (!isOver) await door.publish(chain, ++published);
  })();
  try {
    const heard: number[] = [];
    let place = door.start;
    for (let n = 0; n < races; n++) {
      const hearing = await door.hear(chain, place, 1 + (n % 4));
      heard.push(...hearing.numbers);
      place = hearing.place;
    }
    const first = heard[0] ?? 0;
    expect(heard).toEqual(Array.from({ length: heard.length }, (_, at) => first + at));
    expect(heard.length).toBeGreaterThanOrEqual(races);
  } finally {
    isOver = true;
    await publishing;
  }
}

describe('doors of three nodes over a Redis Cluster are opened while others publish', () => {
  const chains = async <Place>(door: Door<Place>): Promise<void> => {
    const each = Math.ceil(RACES / CHAINS);
    await Promise.all(Array.from({ length: CHAINS }, (_, chain) => race(door, chain, each)));
  };
  const patienceMs = 60_000 + RACES * 600;

  it(
    '[SSE-20] [S001-9] streams of events: nothing is lost and nothing comes twice',
    () => chains(sse),
    patienceMs,
  );
  it(
    '[BRG-17] [S000-2] [S000-11] the bridge: nothing is lost and nothing comes twice',
    () => chains(bridge),
    patienceMs,
  );
  it(
    '[WSJ-12] [S003-4] the JSON WebSocket: nothing is lost and nothing comes twice',
    () => chains(ws),
    patienceMs,
  );
});
