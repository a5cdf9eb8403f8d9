import { once } from 'node:events';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import type { ClientMessage, ServerMessage } from '@topgun/protocol';
import { encode, LIMITS } from '@topgun/protocol';
import { takeMaps } from '@topgun/protocol/cluster';
import { decodeTurn } from '@topgun/protocol/device';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { listen } from '../doors/listen.js';
import { LimitCounts } from '../limits/LimitCounts.js';
import { ClientAddress } from '../security/ClientAddress.js';
import { Origins } from '../security/Origins.js';
import { HandshakeGuard } from './HandshakeGuard.js';
import { outQueuesOf } from './OutQueues.js';
import { Upgrades } from './Upgrades.js';
import { WebSocketTransport } from './WebSocketTransport.js';

const auth: ClientMessage = {
  type: 'AUTH',
  versions: [1, 1],
  clientId: 'c'.repeat(22),
  sessions: ['s'.repeat(11)],
};
const ack: ServerMessage = {
  type: 'AUTH_ACK',
  version: 1,
  serverTime: 5,
  incarnation: 'i',
  userId: 'u',
  heartbeatMs: 5000,
  limits: { opsPerFrame: 1, frameBytes: 1, seqWindow: 1 },
};
const pong = (id: number): ServerMessage => ({ type: 'PONG', id });

let limits: LimitCounts;
let server: Server;
let transport: WebSocketTransport;
let url: string;
let ready: boolean;
let refusedHandshakes: number[];
let events: unknown[];
let heard: () => void;

/** Resolves when so many events have come from the transport. */
async function eventCount(count: number): Promise<void> {
  while (events.length < count)
    await new Promise<void>((resolve) => {
      heard = resolve;
    });
}

/** A fresh transport behind a door of its own; all its sockets together may hold more than most tests write. */
async function serve(outQueuesBytes = 64 * 1024 * 1024): Promise<void> {
  events = [];
  limits = new LimitCounts();
  refusedHandshakes = [];
  ready = true;
  heard = () => undefined;
  const note = (...event: unknown[]): void => {
    events.push(event);
    heard();
  };
  const [most, each] = [100, 3];
  const guard = { connectionsMax: most, connectionsPerIpMax: each, strangersMax: most, handshakesMax: most };
  const onRefused = (status: number): void => void refusedHandshakes.push(status);
  transport = new WebSocketTransport({
    limits,
    listener: {
      opened: (conn, remote) => note('opened', conn, remote),
      message: (conn, message) => note('message', conn, message),
      refused: (conn, code, path) => note('refused', conn, code, path),
      pressed: (conn, isBehind) => note('pressed', conn, isBehind),
      unread: (conn) => note('unread', conn),
      closed: (conn) => note('closed', conn),
    },
    onTooSlow: (limit) => note('too slow', limit),
    queues: outQueuesOf(outQueuesBytes),
    judgeToken: async (token) => (token === 'good' ? undefined : 401),
    onHandshakeRefused: onRefused,
  });
  const upgrades = new Upgrades({
    doors: new Map([['/', transport]]),
    guard: new HandshakeGuard({ ...guard, handshakesPerIpMax: most }, limits),
    origins: new Origins({ loopbackOnly: false }),
    addresses: new ClientAddress({ proxyHeader: 'x-forwarded-for' }),
    isReady: () => ready,
    wallMs: () => 1000,
    onRefused,
  });
  server = createServer();
  server.on('upgrade', (request, stream, head) => upgrades.take(request, stream, head));
  const { port } = await listen(server, '127.0.0.1', 0);
  url = `ws://127.0.0.1:${port}/`;
}
async function end(): Promise<void> {
  await transport.closeAll(1000);
  server.close();
}

beforeEach(() => serve());
afterEach(end);

async function client(): Promise<WebSocket> {
  const socket = new WebSocket(url);
  await once(socket, 'open');
  return socket;
}

/** The next so many messages of a client, decoded. */
function messages(socket: WebSocket, count: number): Promise<unknown[]> {
  return new Promise((resolve) => {
    const received: unknown[] = [];
    socket.on('message', (data) => {
      for (const decoded of decodeTurn(data as Buffer)) received.push(decoded.ok ? decoded.message : decoded);
      if (received.length === count) resolve(received);
    });
  });
}

async function refusal(target: string): Promise<number> {
  const socket = new WebSocket(target);
  socket.on('error', () => undefined);
  const [, response] = await once(socket, 'unexpected-response');
  return response.statusCode;
}

const SAID = { type: 'TOPIC_MSG', id: 'm', topic: 't', from: 'a', ts: 1 } as const;

describe('WebSocketTransport', () => {
  it('[OPS-32] sockets are numbered, messages decoded, the end reported', async () => {
    const socket = await client();
    socket.send(encode(auth));
    await eventCount(2);
    socket.close();
    await eventCount(3);
    expect(events).toEqual([
      ['opened', 1, '127.0.0.1'],
      ['message', 1, auth],
      ['closed', 1],
    ]);
  });

  it('[OPS-32] before AUTH_ACK a stranger may only send AUTH, in small frames', async () => {
    const socket = await client();
    const ping = encode({ type: 'PING', id: 1 });
    socket.send(ping);
    await eventCount(2);
    transport.send(1, ack);
    socket.send(ping);
    await eventCount(3);
    expect(events.slice(1)).toEqual([
      ['refused', 1, 'AUTH_REQUIRED', undefined],
      ['message', 1, { type: 'PING', id: 1 }],
    ]);
  });

  it('[OPS-32] text and bytes outside the profile are reported as BAD_FRAME', async () => {
    const socket = await client();
    socket.send('hello');
    socket.send(new Uint8Array([0xc1]));
    await eventCount(3);
    expect(events.slice(1)).toEqual([
      ['refused', 1, 'BAD_FRAME', 'TEXT@0'],
      ['refused', 1, 'BAD_FRAME', expect.any(String)],
    ]);
  });

  it('[OPS-33] a stranger who sends more bytes than AUTH needs is cut', async () => {
    const socket = await client();
    socket.send(new Uint8Array(LIMITS.bytesPreAuth + 100));
    await once(socket, 'close');
    await eventCount(2);
    expect(events.at(-1)).toEqual(['closed', 1]);
    expect(limits.limitsHit.get('bytesPreAuth')).toBe(1);
  });

  it('[LMT-2] a frame that is too large counts, of a stranger and of a client', async () => {
    const [stranger, known] = [await client(), await client()];
    stranger.send(new Uint8Array(LIMITS.frameBytesPreAuth + 1));
    await eventCount(3);
    transport.send(2, ack);
    transport.flush();
    await once(known, 'message');
    known.send(new Uint8Array(LIMITS.frameBytes + 1));
    expect((await once(known, 'close'))[0]).toBe(1009);
    expect(limits.limitsHit).toEqual(
      new Map([
        ['frameBytesPreAuth', 1],
        ['frameBytes', 1],
      ]),
    );
  });

  it('[OPS-34] messages of a turn arrive in order and whole, whatever their size', async () => {
    const [first, second] = [await client(), await client()];
    const large: ServerMessage = {
      ...SAID,
      data: 'x'.repeat(70_000),
    };
    const middle: ServerMessage = { ...large, data: 'y'.repeat(1_000) };
    const received = Promise.all([messages(first, 4), messages(second, 2)]);
    await eventCount(2);
    transport.send(1, pong(1));
    transport.sendShared([1, 2, 99], large);
    transport.send(1, middle);
    transport.sendShared([1, 2], pong(2));
    transport.flush();
    expect(await received).toEqual([
      [pong(1), large, middle, pong(2)],
      [large, pong(2)],
    ]);
    expect(transport.stats()).toMatchObject({ connections: 2, framesOut: 6 });
  });

  it('[RES-6] what was sent in a turn arrives as one message, in several only beyond the limit', async () => {
    const socket = await client();
    await eventCount(1);
    const turns: number[] = [];
    socket.on('message', (data) => turns.push(decodeTurn(data as Buffer).length));
    const large: ServerMessage = {
      ...SAID,
      data: 'x'.repeat(200_000),
    };
    const received = messages(socket, 3 + 24);
    for (const id of [1, 2, 3]) transport.send(1, pong(id));
    transport.flush();
    for (let i = 0; i < 24; i++) transport.send(1, large);
    transport.flush();
    await received;
    expect(turns).toEqual([3, 20, 4]);
  });

  it('[CCL-1] the map of the cluster stands before all other frames of its turn', async () => {
    const socket = await client();
    await eventCount(1);
    const turn = new Promise<Buffer>((resolve) => socket.once('message', (data) => resolve(data as Buffer)));
    const owners = Array.from({ length: 271 }, () => 0);
    for (const id of [1, 2]) transport.send(1, pong(id));
    transport.send(1, { type: 'CLUSTER_MAP', version: 3, self: 'a', nodes: [], owners });
    transport.send(1, pong(3));
    transport.flush();
    const { maps, rest } = takeMaps(await turn);
    expect(maps.map(({ version }) => version)).toEqual([3]);
    expect(decodeTurn(rest as Uint8Array)).toMatchObject([1, 2, 3].map((id) => ({ message: pong(id) })));
  });

  it('[OPS-34] nothing is written before the end of the turn, and close comes after what was sent', async () => {
    const socket = await client();
    await eventCount(1);
    const received = messages(socket, 1);
    transport.send(1, pong(7));
    expect(transport.stats().unsentBytes).toBeGreaterThan(0);
    transport.close(1, 4401, 'no token');
    const [code, reason] = await once(socket, 'close');
    expect([code, String(reason)]).toEqual([4401, 'no token']);
    expect(await received).toEqual([pong(7)]);
    expect(events).toHaveLength(1);
  });

  it('[QRY-10] who reads slowly is told of before he is closed, and again when he has caught up', async () => {
    const socket = await client();
    await eventCount(1);
    socket.pause();
    const bulk: ServerMessage = {
      ...SAID,
      data: 'x'.repeat(100_000),
    };
    let turns = 0;
    for (; transport.stats().unsentBytes <= LIMITS.resyncBytes; turns++) {
      transport.send(1, bulk);
      transport.flush();
    }
    transport.send(1, bulk);
    await eventCount(2);
    transport.flush();
    const received = messages(socket, turns + 1);
    socket.resume();
    await received;
    await eventCount(3);
    expect(events.slice(1)).toEqual([
      ['pressed', 1, true],
      ['pressed', 1, false],
    ]);
  });

  it('[FLOW-6] [FLOW-8] who takes nothing is told of as unread, and closed by the age of what is unsent', async () => {
    const [still, other] = [await client(), await client()];
    await eventCount(2);
    still.pause();
    const bulk: ServerMessage = {
      ...SAID,
      data: 'x'.repeat(100_000),
    };
    while (transport.stats().unsentBytes <= LIMITS.pauseReadingBytes) {
      transport.send(1, bulk);
      transport.flush();
    }
    transport.watch(1_000);
    transport.watch(LIMITS.stalledMs);
    expect(events.splice(2)).toEqual([
      ['unread', 1],
      ['unread', 1],
    ]);
    transport.watch(1_000 + LIMITS.stalledMs);
    await eventCount(4);
    expect(events.slice(2)).toEqual([
      ['too slow', 'stalledMs'],
      ['closed', 1],
    ]);
    expect(transport.stats()).toMatchObject({ connections: 1, slowClosed: 1 });
    const heard = messages(other, 1);
    transport.send(2, pong(1));
    transport.flush();
    expect(await heard).toEqual([pong(1)]);
    const closed = once(still, 'close');
    still.resume();
    expect((await closed)[0]).toBe(1013);
  });

  it('[FLOW-7] all sockets together hold no more than the limit: the slowest are cut, and their memory is free at once', async () => {
    await end();
    await serve(450_000);
    const [first, second] = [await client(), await client()];
    await eventCount(2);
    const data = 'x'.repeat(100_000);
    for (const [i, socket] of [first, second].entries()) {
      socket.pause();
      const bulk: ServerMessage = { type: 'TOPIC_MSG', id: 'm', topic: 't', from: 'a', ts: 1, data };
      const before = transport.stats().unsentBytes;
      while (transport.stats().connections === 2 && transport.stats().unsentBytes - before <= 250_000) {
        transport.send(i + 1, bulk);
        transport.flush();
      }
      transport.watch(1_000 * (i + 1));
    }
    const [, cut] = await Promise.all([
      eventCount(4),
      once(first, 'close').then(([code]) => code),
      first.resume(),
    ]);
    const told = (events as readonly (readonly unknown[])[]).filter(([kind]) => kind !== 'unread');
    expect(told.slice(2)).toEqual([
      ['too slow', 'outQueuesHeapShare'],
      ['closed', 1],
    ]);
    expect(cut).toBe(1006);
    expect(transport.stats().unsentBytes).toBeLessThan(450_000);
  });

  it('[OPS-35] who does not read is closed with 1013 and takes no more memory than the limit', async () => {
    const socket = await client();
    await eventCount(1);
    socket.pause();
    const bulk: ServerMessage = {
      ...SAID,
      data: 'x'.repeat(200_000),
    };
    let turns = 0;
    while (transport.stats().connections > 0 && turns++ < 500) {
      transport.send(1, bulk);
      transport.flush();
      await new Promise((resolve) => setImmediate(resolve));
      if (transport.stats().unsentBytes > LIMITS.outQueueBytes) transport.send(1, bulk);
      expect(transport.stats().unsentBytes).toBeLessThan(LIMITS.outQueueBytes + 500_000);
      if (turns > 100 && transport.stats().unsentBytes > LIMITS.outQueueBytes) break;
    }
    const closed = once(socket, 'close');
    socket.resume();
    expect((await closed)[0]).toBe(1013);
  });

  it('[LMT-11] handshakes beyond the limit, on other paths, and while not ready are refused', async () => {
    await Promise.all([client(), client(), client()]);
    expect(await refusal(url)).toBe(429);
    expect(await refusal(`${url}other`)).toBe(404);
    ready = false;
    expect(await refusal(url)).toBe(503);
    expect(refusedHandshakes).toEqual([429, 404, 503]);
    expect(limits.limitsHit).toEqual(new Map([['connectionsPerIp', 1]]));
  });

  it('[OPS-36] closing all says 1001 and cuts who does not answer', async () => {
    const polite = await client();
    const { port } = new URL(url);
    const rude = connect(Number(port), '127.0.0.1');
    rude.write(
      'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    await eventCount(2);
    const gone = once(rude, 'close');
    rude.on('error', () => undefined);
    const closing = once(polite, 'close');
    await transport.closeAll(50);
    expect((await closing)[0]).toBe(1001);
    rude.resume();
    await gone;
  });
});
