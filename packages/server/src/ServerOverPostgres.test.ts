import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode, PROTOCOL_VERSION, type ServerMessage } from '@topgun/protocol';
import { decodeTurn } from '@topgun/protocol/device';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { ServerConfigInput } from './config/schema.js';
import { ServerCoordinator } from './ServerCoordinator.js';
import { TestDatabases, until } from './storage/postgres/testing/testDatabases.js';

const databases = TestDatabases.use({ durable: true });
let folder: string;
const servers: ServerCoordinator[] = [];
const sockets: WebSocket[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'topgun-over-postgres-'));
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate();
  for (const server of servers.splice(0)) await server.shutdown();
  await rm(folder, { recursive: true });
});

async function start(schema: string, config: ServerConfigInput = {}): Promise<ServerCoordinator> {
  const server = new ServerCoordinator({
    port: 0,
    dev: true,
    dataDir: folder,
    databaseUrl: `${databases.server.url}?schema=${schema}`,
    logLevel: 'silent',
    drainMs: 2_000,
    ...config,
  });
  servers.push(server);
  await server.start();
  return server;
}

/** A device reduced to what it sends and hears. */
async function device(server: ServerCoordinator): Promise<{
  readonly heard: ServerMessage[];
  put(seq: number, key: string, value: unknown): void;
}> {
  const heard: ServerMessage[] = [];
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}/`);
  sockets.push(socket);
  socket.on('message', (data) => {
    for (const decoded of decodeTurn(data as Buffer)) if (decoded.ok) heard.push(decoded.message);
  });
  socket.on('error', () => undefined);
  const session = 'device_____';
  const versions: [number, number] = [PROTOCOL_VERSION, PROTOCOL_VERSION];
  socket.on('open', () =>
    socket.send(encode({ type: 'AUTH', versions, clientId: 'device'.padEnd(22, '_'), sessions: [session] })),
  );
  await until(() => heard.some(({ type }) => type === 'AUTH_ACK'));
  const [ack] = heard.flatMap((message) => (message.type === 'AUTH_ACK' ? [message] : []));
  return {
    heard,
    put: (seq, key, value) =>
      socket.send(
        encode({
          type: 'OPS',
          session,
          settledBelow: 0,
          incarnation: ack?.incarnation ?? '',
          concern: 4,
          maps: ['todos'],
          rows: [[seq, 0, 0, key, (Date.now() - 1_000) * 2048 + seq, null, value]],
        }),
      ),
  };
}

const answered = (heard: readonly ServerMessage[]): number[] =>
  heard.flatMap((message) =>
    message.type === 'OP_ACK' && message.level === 4
      ? message.spans.flatMap(([from, count]) => Array.from({ length: count }, (_, i) => from + i))
      : [],
  );

const ready = async (server: ServerCoordinator): Promise<string> => {
  const response = await fetch(`http://127.0.0.1:${server.port}/ready`);
  const { status, reason } = (await response.json()) as Record<string, string>;
  return reason ?? status ?? '';
};

describe('a server over PostgreSQL', () => {
  it('[STO-42] keeps its records there, says so, and finds them after a restart with an empty folder', async () => {
    const first = await start('restart');
    const ann = await device(first);
    ann.put(0, 'milk', { text: 'buy milk' });
    await until(() => answered(ann.heard).includes(0));
    const root = first.engine?.rootOf('todos');
    expect(root).not.toBe(0);
    const status = await fetch(`http://127.0.0.1:${first.port}/api/status`);
    expect(await status.json()).toMatchObject({ storage: 'postgres' });
    await first.shutdown();
    await rm(folder, { recursive: true });
    const again = await start('restart');
    expect(again.engine?.rootOf('todos')).toBe(root);
    expect(() => new ServerCoordinator({ databaseUrl: databases.server.url, storage: 'memory' })).toThrow(
      /^storage: found "memory" beside databaseUrl/,
    );
  });

  it('[STO-36] while the database is gone nothing is answered PERSISTED; when it is back all is stored, and ready again', async () => {
    const server = await start('outage');
    const ann = await device(server);
    ann.put(0, 'before', 0);
    await until(() => answered(ann.heard).includes(0));
    expect(await ready(server)).toBe('ready');
    await databases.server.kill();
    for (let seq = 1; seq <= 50; seq++) ann.put(seq, `during-${seq}`, seq);
    await until(async () => (await ready(server)) !== 'ready');
    expect(['STORE_UNREACHABLE', 'STORE_FAILING']).toContain(await ready(server));
    expect(answered(ann.heard)).toEqual([0]);
    expect(server.state).toBe('READY');
    await databases.server.restart();
    await until(() => answered(ann.heard).length === 51);
    await until(async () => (await ready(server)) === 'ready');
    const client = await databases.client({ schema: 'outage' });
    const { rows } = await client.query("select convert_from(key, 'UTF8') as key from records");
    expect(rows).toHaveLength(51);
    const dedup = await client.query(
      'select sum((select count(*) from jsonb_object_keys(entries)))::int as n from dedup',
    );
    expect(dedup.rows).toEqual([{ n: 51 }]);
  });
});
