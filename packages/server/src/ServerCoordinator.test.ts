import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClientMessage, ServerMessage } from '@topgun/protocol';
import { encode, PROTOCOL_VERSION } from '@topgun/protocol';
import { decodeTurn } from '@topgun/protocol/device';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { ServerConfigInput } from './config/schema.js';
import { ServerCoordinator } from './ServerCoordinator.js';
import type { ServerOverrides } from './ServerOverrides.js';
import { TEST_SECRET, tokenFor } from './security/testing/tokenFor.js';
import { CommitGate } from './storage/CommitGate.js';
import { EmbeddedStore } from './storage/embedded/EmbeddedStore.js';

let folder: string;
const servers: ServerCoordinator[] = [];
const clients: Client[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'topgun-server-'));
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.socket.terminate();
  for (const server of servers.splice(0)) await server.shutdown();
  await rm(folder, { recursive: true });
});

async function startServer(
  config: ServerConfigInput = {},
  overrides: ServerOverrides = {},
): Promise<ServerCoordinator> {
  const server = new ServerCoordinator(
    { port: 0, dev: true, dataDir: folder, logLevel: 'silent', drainMs: 2000, ...config },
    overrides,
  );
  servers.push(server);
  await server.start();
  return server;
}

/** A device reduced to its socket: sends messages, waits for messages. */
class Client {
  readonly socket: WebSocket;
  readonly received: ServerMessage[] = [];
  readonly session: string;
  #heard: () => void = () => undefined;

  private constructor(socket: WebSocket, session: string) {
    this.socket = socket;
    this.session = session;
    socket.on('message', (data) => {
      for (const decoded of decodeTurn(data as Buffer)) {
        if (!decoded.ok) throw new Error(`unreadable: ${decoded.code} ${decoded.path}`);
        this.received.push(decoded.message);
      }
      this.#heard();
    });
    socket.on('error', () => undefined);
  }

  static async connect(server: ServerCoordinator, name: string, token?: string): Promise<Client> {
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/`);
    const client = new Client(socket, name.padEnd(11, '_'));
    clients.push(client);
    await once(socket, 'open');
    client.send({
      type: 'AUTH',
      versions: [PROTOCOL_VERSION, PROTOCOL_VERSION],
      clientId: name.padEnd(22, '_'),
      sessions: [client.session],
      ...(token !== undefined && { token }),
    });
    return client;
  }

  send(message: ClientMessage): void {
    this.socket.send(encode(message));
  }

  /** The first message of a type, taken out of what was received. */
  async take<T extends ServerMessage['type']>(type: T): Promise<Extract<ServerMessage, { type: T }>> {
    for (;;) {
      const at = this.received.findIndex((message) => message.type === type);
      if (at >= 0) return this.received.splice(at, 1)[0] as Extract<ServerMessage, { type: T }>;
      await new Promise<void>((resolve) => {
        this.#heard = resolve;
      });
    }
  }

  /** Sends one PUT, stamped `aheadMs` from now; the answer is to be awaited. */
  put(seq: number, key: string, value: unknown, incarnation: string, map = 'todos', aheadMs = -1000): void {
    const t = (Date.now() + aheadMs) * 2048 + seq;
    this.send({
      type: 'OPS',
      session: this.session,
      settledBelow: 0,
      incarnation,
      concern: 4,
      maps: [map],
      rows: [[seq, 0, 0, key, t, null, value]],
    });
  }
}

async function getJson(
  server: ServerCoordinator,
  path: string,
  token?: string,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(`http://127.0.0.1:${server.port}${path}`, { headers });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe('ServerCoordinator', () => {
  it('[OPS-40] a write is answered PERSISTED, reaches a second client, and is there after a restart', async () => {
    const server = await startServer();
    const writer = await Client.connect(server, 'writer');
    const { incarnation } = await writer.take('AUTH_ACK');
    const reader = await Client.connect(server, 'reader');
    await reader.take('AUTH_ACK');
    reader.send({ type: 'SYNC_INIT', req: 1, map: 'todos', kind: 'LWW', root: 0 });
    expect(await reader.take('SYNC_ROOT')).toMatchObject({ root: 0 });

    writer.put(0, 'milk', { text: 'buy milk' }, incarnation);
    expect(await writer.take('OP_ACK')).toMatchObject({
      session: writer.session,
      level: 4,
      spans: [[0, 1, 0]],
    });
    const event = await reader.take('SERVER_EVENT');
    expect(event.parts[0]?.[5][0]?.slice(0, 2)).toEqual([0, 'milk']);
    expect(event.parts[0]?.[5][0]?.[5]).toEqual({ text: 'buy milk' });
    const root = server.engine?.rootOf('todos');
    expect(root).not.toBe(0);

    await server.shutdown();
    const again = await startServer();
    expect(again.engine?.rootOf('todos')).toBe(root);
    const late = await Client.connect(again, 'late');
    expect((await late.take('AUTH_ACK')).incarnation).toBe(incarnation);
    late.send({ type: 'SYNC_INIT', req: 1, map: 'todos', kind: 'LWW', root: 0 });
    expect(await late.take('SYNC_ROOT')).toMatchObject({ root });
  });

  it('[OP-REGEX] [ERR-7] brings an engine for regular expressions', async () => {
    const server = await startServer({ storage: 'memory' });
    const ann = await Client.connect(server, 'ann');
    const { incarnation } = await ann.take('AUTH_ACK');
    for (const [seq, key] of ['milk', 'bread'].entries()) ann.put(seq, key, { text: key }, incarnation);
    await ann.take('OP_ACK');
    const ask = (query: string, pattern: string) =>
      ann.send({ type: 'QUERY_SUB', query, map: 'todos', where: { op: 'regex', path: 'text', pattern } });
    ask('found', '^b.*d$');
    expect((await ann.take('QUERY_RESP')).rows.map(([, , row]) => row[1])).toEqual(['bread']);
    ask('refused', '(a)\\1');
    expect(await ann.take('ERROR')).toMatchObject({ code: 'PREDICATE_INVALID', path: 'where.pattern' });
  });

  it('[OPS-40] while the flush is held back nothing is answered and nothing is served', async () => {
    const gate = new CommitGate();
    const server = await startServer({}, { store: new EmbeddedStore({ folder, gate }) });
    const writer = await Client.connect(server, 'writer');
    const { incarnation } = await writer.take('AUTH_ACK');
    const reader = await Client.connect(server, 'reader');
    await reader.take('AUTH_ACK');
    reader.send({ type: 'SYNC_INIT', req: 1, map: 'todos', kind: 'LWW', root: 0 });
    await reader.take('SYNC_ROOT');
    gate.hold();
    writer.put(0, 'milk', 1, incarnation);
    while (gate.heldCount === 0) await new Promise((resolve) => setImmediate(resolve));
    // The round trip of a ping shows that everything sent before has arrived.
    for (const client of [writer, reader]) {
      client.send({ type: 'PING', id: 9 });
      await client.take('PONG');
      expect(client.received.filter(({ type }) => type === 'OP_ACK' || type === 'SERVER_EVENT')).toEqual([]);
    }
    expect(server.engine?.rootOf('todos')).toBe(0);
    gate.release();
    await writer.take('OP_ACK');
    await reader.take('SERVER_EVENT');
  });

  it('[OPS-40] an op sent twice over a restart is applied once', async () => {
    const server = await startServer();
    const writer = await Client.connect(server, 'writer');
    const { incarnation } = await writer.take('AUTH_ACK');
    writer.put(0, 'milk', 'v', incarnation);
    const first = await writer.take('OP_ACK');
    await server.shutdown();
    const again = await startServer();
    const retry = await Client.connect(again, 'writer');
    await retry.take('AUTH_ACK');
    retry.put(0, 'milk', 'v', incarnation);
    const second = await retry.take('OP_ACK');
    expect(second).toMatchObject({ spans: [[0, 1, 4]], epoch: first.epoch, pos: first.pos });
  });

  it('[SRV-10] maps named volatile are answered APPLIED while the disk is busy, and are empty after a restart', async () => {
    const gate = new CommitGate();
    const store = new EmbeddedStore({ folder, gate });
    const server = await startServer({ volatileMaps: ['cursors:*'] }, { store });
    const client = await Client.connect(server, 'ann');
    const { incarnation } = await client.take('AUTH_ACK');
    client.put(1, 'k', 1, incarnation, 'cursors:page');
    client.put(2, 'k', 1, incarnation);
    const levels = [(await client.take('OP_ACK')).level, (await client.take('OP_ACK')).level];
    expect(levels.sort()).toEqual([2, 4]);
    gate.hold();
    client.put(3, 'k', 2, incarnation);
    client.put(4, 'k', 2, incarnation, 'cursors:page');
    expect(await client.take('OP_ACK')).toMatchObject({ level: 2, spans: [[4, 1, 0]] });
    gate.release();
    expect(await client.take('OP_ACK')).toMatchObject({ level: 4, spans: [[3, 1, 0]] });
    await server.shutdown();
    const again = await startServer({ volatileMaps: ['cursors:*'] });
    expect(again.engine?.rootOf('cursors:page')).toBe(0);
    expect(again.engine?.rootOf('todos')).not.toBe(0);
  });

  it('[OPS-41] shutdown answers what was admitted, says SHUTDOWN and 1001, and turns readiness off', async () => {
    const gate = new CommitGate();
    const server = await startServer({}, { store: new EmbeddedStore({ folder, gate }) });
    const writer = await Client.connect(server, 'writer');
    const { incarnation } = await writer.take('AUTH_ACK');
    gate.hold();
    writer.put(0, 'milk', 1, incarnation);
    while (gate.heldCount === 0) await new Promise((resolve) => setImmediate(resolve));
    const closed = once(writer.socket, 'close');
    const stopping = server.shutdown();
    await writer.take('SHUTDOWN');
    expect(await getJson(server, '/ready')).toMatchObject({ status: 503, body: { reason: 'DRAINING' } });
    gate.release();
    await writer.take('OP_ACK');
    expect((await closed)[0]).toBe(1001);
    await stopping;
    expect(server.state).toBe('STOPPED');
    await expect(fetch(`http://127.0.0.1:${server.port}/health`)).rejects.toThrow();
  });

  it('[OPS-4] status shows maps to an ADMIN only', async () => {
    const server = await startServer({
      dev: false,
      jwtSecret: TEST_SECRET,
      policies: [{ role: 'USER', map: 'todos', actions: ['READ', 'PUT'] }],
    });
    const token = (roles: string[]): Promise<string> => tokenFor('ann', roles);
    const writer = await Client.connect(server, 'writer', await token(['USER']));
    const { incarnation } = await writer.take('AUTH_ACK');
    writer.put(0, 'milk', 1, incarnation);
    await writer.take('OP_ACK');
    expect((await getJson(server, '/api/status')).body).toMatchObject({ state: 'READY', authenticated: 1 });
    for (const other of [undefined, await token(['USER'])]) {
      expect((await getJson(server, '/api/status', other)).body).not.toHaveProperty('maps');
    }
    const figures = { name: 'todos', kind: 'LWW', items: 1, indexes: [] };
    const { body } = await getJson(server, '/api/status', await token(['ADMIN']));
    expect(body.maps).toEqual([figures]);
    // What a root says of the content, and advice of questions, is for who may read all of the map.
    const { body: all } = await getJson(server, '/api/status', await token(['ADMIN', 'USER']));
    expect(all.maps).toEqual([{ ...figures, root: server.engine?.rootOf('todos'), advice: [] }]);
  });

  it.each([
    [{}, 30_000, undefined],
    [{}, 90_000, 'CLOCK_SKEW'],
    [{ skewMs: 5_000 }, 30_000, 'CLOCK_SKEW'],
    [{ skewMs: 120_000 }, 90_000, undefined],
  ])('[CLK-4] with %j a write stamped %i ms ahead is answered %s', async (config, aheadMs, code) => {
    const server = await startServer({ storage: 'memory', ...config });
    const writer = await Client.connect(server, 'writer');
    const { incarnation } = await writer.take('AUTH_ACK');
    writer.put(0, 'milk', 1, incarnation, 'todos', aheadMs);
    const { ex } = await writer.take('OP_ACK');
    expect(ex?.[0]?.[1]).toBe(code);
  });

  it('[OPS-12] a client without a token, or with a bad one, is refused and closed with 4401', async () => {
    const server = await startServer({ dev: false, jwtSecret: TEST_SECRET });
    for (const [name, token, code] of [
      ['none', undefined, 'AUTH_REQUIRED'],
      ['bad', 'x.y.z', 'AUTH_FAILED'],
    ] as const) {
      const client = await Client.connect(server, name, token);
      const closed = once(client.socket, 'close');
      expect(await client.take('ERROR')).toMatchObject({ code });
      expect((await closed)[0]).toBe(4401);
    }
  });

  it('[OPS-3] metrics count clients, ops and commits', async () => {
    const server = await startServer();
    const writer = await Client.connect(server, 'writer');
    const { incarnation } = await writer.take('AUTH_ACK');
    writer.put(0, 'milk', 1, incarnation);
    await writer.take('OP_ACK');
    const text = await (await fetch(`http://127.0.0.1:${server.port}/metrics`)).text();
    expect(text).toMatch(/^topgun_connected_clients 1$/m);
    expect(text).toMatch(/^topgun_ops_total\{outcome="applied"\} 1$/m);
    expect(text).toMatch(/^topgun_commit_duration_seconds_count [1-9]/m);
    expect(text).toMatch(/^topgun_connections 1$/m);
    expect(text).toMatch(/^topgun_messages_received_total\{type="OPS"\} 1$/m);
    expect(text).toMatch(/^topgun_ops_batch_size_sum 1$/m);
    expect(text).toMatch(/^topgun_delivery_duration_seconds_count 1$/m);
  });

  it('[OPS-8] a start that fails undoes what it began: the folder and the port are free again', async () => {
    const blocker = createServer();
    blocker.listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const address = blocker.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const config = { port, dev: true, dataDir: folder, logLevel: 'silent' as const };
    await expect(new ServerCoordinator(config).start()).rejects.toMatchObject({ code: 'PORT_IN_USE' });
    blocker.close();
    await once(blocker, 'close');
    const first = await startServer({ port });
    await expect(new ServerCoordinator({ ...config, port: 0 }).start()).rejects.toMatchObject({
      code: 'STORE_LOCKED',
    });
    await first.shutdown();
    await startServer({ port });
  });

  it('[OPS-42] when the store stops, the server is no longer ready and says so once', async () => {
    const failures: unknown[] = [];
    const store = new EmbeddedStore({ folder });
    const server = await startServer({}, { store, onFatal: (error) => failures.push(error) });
    const writer = await Client.connect(server, 'writer');
    const { incarnation } = await writer.take('AUTH_ACK');
    store.commit = () => Promise.reject(new Error('the disk is gone'));
    writer.put(0, 'milk', 1, incarnation);
    while (failures.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(await getJson(server, '/ready')).toMatchObject({ status: 503, body: { reason: 'FAILED' } });
    expect(failures).toHaveLength(1);
  });

  it('[FLOW-21] [FLOW-13] while it loads it answers probes and refuses sockets, and a stop ends the load', async () => {
    const store = new EmbeddedStore({ folder });
    let begun: () => void = () => undefined;
    const loading = new Promise<void>((resolve) => {
      begun = resolve;
    });
    // A store without end: every scan gives others their turn until it is stopped.
    store.scan = async (_pid, _visit, pace) => {
      begun();
      for (;;) await pace?.step();
    };
    const server = new ServerCoordinator({ port: 0, dev: true, logLevel: 'silent' }, { store });
    servers.push(server);
    const started = server.start();
    const refused = expect(started).rejects.toMatchObject({ code: 'SERVER_STATE' });
    await loading;
    const { status, body } = await getJson(server, '/ready');
    expect([status, JSON.stringify(body)]).toEqual([503, expect.stringContaining('STARTING')]);
    expect((await fetch(`http://127.0.0.1:${server.port}/health`)).status).toBe(200);
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/`);
    socket.on('error', () => undefined);
    const [, response] = await once(socket, 'unexpected-response');
    expect(response.statusCode).toBe(503);
    await server.shutdown();
    await refused;
    expect(server.state).toBe('STOPPED');
  });

  it('[OPS-41] a server starts once, and stopping twice is stopping once', async () => {
    const server = await startServer();
    await expect(server.start()).rejects.toMatchObject({ code: 'SERVER_STATE' });
    expect(server.shutdown()).toBe(server.shutdown());
    await server.shutdown();
  });
});
