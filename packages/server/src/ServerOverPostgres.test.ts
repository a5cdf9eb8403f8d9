import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ServerConfigInput } from './config/schema.js';
import { ServerCoordinator } from './ServerCoordinator.js';
import { RawDevice } from './storage/postgres/testing/RawDevice.js';
import { TestDatabases, until } from './storage/postgres/testing/testDatabases.js';

const databases = TestDatabases.use({ durable: true });
let folder: string;
const servers: ServerCoordinator[] = [];
const devices: RawDevice[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'topgun-over-postgres-'));
});
afterEach(async () => {
  for (const made of devices.splice(0)) made.close();
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

async function device(server: ServerCoordinator, name?: string): Promise<RawDevice> {
  const made = await RawDevice.open(server.port, name);
  devices.push(made);
  return made;
}

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
    await until(() => ann.answered().includes(0));
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
    await until(() => ann.answered().includes(0));
    expect(await ready(server)).toBe('ready');
    await databases.server.kill();
    for (let seq = 1; seq <= 50; seq++) ann.put(seq, `during-${seq}`, seq);
    await until(async () => (await ready(server)) !== 'ready');
    expect(['STORE_UNREACHABLE', 'STORE_FAILING']).toContain(await ready(server));
    expect(ann.answered()).toEqual([0]);
    expect(server.state).toBe('READY');
    await databases.server.restart();
    await until(() => ann.answered().length === 51);
    await until(async () => (await ready(server)) === 'ready');
    const client = await databases.client({ schema: 'outage' });
    const { rows } = await client.query("select convert_from(key, 'UTF8') as key from records");
    expect(rows).toHaveLength(51);
    const dedup = await client.query(
      'select sum((select count(*) from jsonb_object_keys(entries)))::int as n from dedup',
    );
    expect(dedup.rows).toEqual([{ n: 51 }]);
  });

  it('[CLU-60] [CLU-63] [CLU-64] [CLU-65] without its database it serves from memory, says so, takes no decision, and loses nothing', async () => {
    const server = await start('degraded');
    const base = `http://127.0.0.1:${server.port}`;
    const ask = async (path: string, init?: RequestInit) => {
      const response = await fetch(`${base}${path}`, init);
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    };
    const replace = () =>
      ask('/api/policies', { method: 'PUT', body: JSON.stringify({ version: 0, policies: [] }) });
    const ann = await device(server);
    ann.put(0, 'before', 'kept');
    await until(() => ann.answered().includes(0));
    await databases.server.kill();
    for (let seq = 1; seq <= 40; seq++) ann.put(seq, `during-${seq}`, seq, seq <= 20 ? 1 : 4);
    await until(() => ann.answered(1).length === 20);
    await until(async () => (await ready(server)) !== 'ready');
    expect((await ask('/ready')).body).toMatchObject({ degraded: true, pending: { ops: 40 } });
    const metrics = await (await fetch(`${base}/metrics`)).text();
    expect(metrics).toContain('topgun_degraded{reason="DATABASE"} 1');
    expect(metrics).toContain('topgun_degraded{reason="REDIS"} 0');
    expect((await ask('/api/records/todos/before')).body).toMatchObject({ value: 'kept' });
    const ben = await device(server, 'ben');
    expect(ben.heard.some(({ type }) => type === 'AUTH_ACK')).toBe(true);
    expect(await replace()).toMatchObject({
      status: 503,
      body: { code: 'UNAVAILABLE', remedy: expect.any(String), retryAfterMs: expect.any(Number) },
    });
    expect(ann.answered()).toEqual([0]);
    await databases.server.restart();
    await until(() => ann.answered().length === 41);
    await until(async () => (await ready(server)) === 'ready');
    expect((await ask('/ready')).body).toMatchObject({ degraded: false, pending: { ops: 0, bytes: 0 } });
    expect(new Set(ann.answered()).size).toBe(41);
    expect(ann.answered(1)).toHaveLength(20);
    // What was refused has not come about, so it is the first change.
    expect(await replace()).toEqual({ status: 200, body: { version: 1 } });
    const client = await databases.client({ schema: 'degraded' });
    expect((await client.query('select count(*)::int as n from records')).rows).toEqual([{ n: 41 }]);
  });
});
