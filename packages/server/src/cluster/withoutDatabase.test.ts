import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { partitionOf } from '@topgun/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../local/redisProcesses.js';
import { ServerCoordinator } from '../ServerCoordinator.js';
import { RawDevice } from '../storage/postgres/testing/RawDevice.js';
import { TestDatabases } from '../storage/postgres/testing/testDatabases.js';

const databases = TestDatabases.use({ durable: true });
const NODES = ['a', 'b', 'c'];
const BEFORE = 100;
const DURING = 100;

let folder: string;
let servers: ServerCoordinator[] = [];
const devices: RawDevice[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'topgun-without-database-'));
});
afterEach(async () => {
  for (const device of devices.splice(0)) device.close();
  await Promise.all(servers.map((server) => server.shutdown()));
  servers = [];
  await rm(folder, { recursive: true });
});

/** What `/ready` says. */
interface Ready {
  readonly status: string;
  readonly reason?: string;
  readonly degraded: boolean;
  readonly cluster: {
    readonly owned: number;
    readonly waitingOps: number;
    readonly degraded: readonly string[];
  };
}

const readyOf = async ({ port }: ServerCoordinator): Promise<Ready> =>
  (await (await fetch(`http://127.0.0.1:${port}/ready`)).json()) as Ready;

const urlOf = (schema: string): string => `${databases.server.url}?schema=${schema}`;

async function start(schema: string): Promise<void> {
  servers = NODES.map(
    (nodeId) =>
      new ServerCoordinator({
        ...{ port: 0, dev: true, cluster: true, nodeId, logLevel: 'silent', drainMs: 2_000 },
        dataDir: join(folder, nodeId),
        databaseUrl: urlOf(schema),
      }),
  );
  for (const server of servers) await server.start();
  await eventually('every node owns its share', async () => {
    const all = await Promise.all(servers.map(readyOf));
    return all.every(({ cluster, degraded }) => cluster.owned >= 90 && !degraded);
  });
}

async function device(at: number, name: string): Promise<RawDevice> {
  const made = await RawDevice.open((servers[at] as ServerCoordinator).port, name);
  devices.push(made);
  return made;
}

const root = (server: ServerCoordinator): number | undefined => server.engine?.rootOf('todos');

describe('a cluster whose database is away', () => {
  it('[CLU-60] [CLU-64] [CLU-65] serves from memory, answers at MEMORY at most, and loses and doubles nothing', async () => {
    await start('away');
    const ann = await device(0, 'ann');
    for (let seq = 0; seq < BEFORE; seq++) ann.put(seq, `before-${seq}`, seq);
    await eventually('the first write is durable', () => ann.answered().length > 0);
    // In the middle of commits of three nodes.
    await databases.server.kill();
    await eventually('all nodes know that the database is away', async () => {
      const all = await Promise.all(servers.map(readyOf));
      return all.every(({ cluster }) =>
        ['DATABASE', 'FENCED'].every((fault) => cluster.degraded.includes(fault as never)),
      );
    });
    const known = ann.answered().length;
    for (let seq = BEFORE; seq < BEFORE + DURING; seq++)
      ann.put(seq, `during-${seq}`, seq, seq % 2 === 0 ? 1 : 4);
    await eventually('MEMORY is answered', () => ann.answered(1).length === DURING / 2);
    for (const server of servers) {
      const { status, reason, degraded } = await readyOf(server);
      expect([status === 'ready', degraded]).toEqual([false, true]);
      expect(reason).toMatch(/^STORE_/);
      const metrics = await (await fetch(`http://127.0.0.1:${server.port}/metrics`)).text();
      expect(metrics).toContain('topgun_degraded{reason="DATABASE"} 1');
    }
    expect((await readyOf(servers[0] as ServerCoordinator)).cluster.waitingOps).toBeGreaterThan(0);
    // A session begins, and reads what its node has.
    const ben = await device(1, 'ben');
    expect(ben.heard.some(({ type }) => type === 'AUTH_ACK')).toBe(true);
    const read = await fetch(
      `http://127.0.0.1:${servers[2]?.port}/api/records/todos/before-${ann.answered()[0]}`,
    );
    expect(await read.json()).toMatchObject({ value: ann.answered()[0] });
    expect(ann.answered()).toHaveLength(known);

    await databases.server.restart();
    await eventually('all is durable', () => ann.answered().length >= BEFORE + DURING);
    expect(ann.answered(1)).toHaveLength(DURING / 2);
    expect([...ann.answered()].sort((a, b) => a - b)).toEqual(
      Array.from({ length: BEFORE + DURING }, (_, seq) => seq),
    );
    await eventually('all is well again', async () => {
      const all = await Promise.all(servers.map(readyOf));
      return all.every(({ status, degraded }) => status === 'ready' && !degraded);
    });
    const metrics = await (await fetch(`http://127.0.0.1:${servers[0]?.port}/metrics`)).text();
    const figureOf = (name: string): number =>
      Number(
        metrics
          .split('\n')
          .find((line) => line.startsWith(name))
          ?.slice(name.length),
      );
    expect(figureOf('topgun_cluster_events_total{event="fenced"} ')).toBeGreaterThan(0);
    expect(figureOf('topgun_cluster_events_total{event="joined"} ')).toBeGreaterThan(1);
    expect(figureOf('topgun_forwarded_ops_total{event="answered"} ')).toBeGreaterThan(0);
    expect(figureOf('topgun_forwarded_wait_seconds_total ')).toBeGreaterThan(0);
    expect(figureOf('topgun_forwarded_pending_ops{state="sent"} ')).toBe(0);
    await eventually('all nodes hold the same', () => new Set(servers.map(root)).size === 1);
    expect(root(servers[0] as ServerCoordinator)).not.toBe(0);
    const client = await databases.client({ schema: 'away' });
    expect((await client.query('select count(*)::int as n from records')).rows).toEqual([
      { n: BEFORE + DURING },
    ]);
    const dedup = await client.query(
      'select sum((select count(*) from jsonb_object_keys(entries)))::int as n from dedup',
    );
    expect(dedup.rows).toEqual([{ n: BEFORE + DURING }]);
  }, 90_000);
});

describe('a repair in a cluster', () => {
  it('[CLU-35] [CLK-7] may be asked for at any node, and is made by the owner', async () => {
    const KEYS = ['k0', 'k1', 'k2', 'k3', 'k4', 'k5'];
    const alone = new ServerCoordinator({
      ...{ port: 0, dev: true, logLevel: 'silent', drainMs: 2_000, skewMs: 3_600_000 },
      ...{ dataDir: join(folder, 'alone'), databaseUrl: urlOf('repairs') },
    });
    servers = [alone];
    await alone.start();
    const wrong = await device(0, 'wrong');
    for (const [seq, key] of KEYS.entries()) wrong.put(seq, key, 'future', 4, 1_800_000);
    await eventually('the writes from the future are durable', () => wrong.answered().length === KEYS.length);
    await alone.shutdown();
    await start('repairs');
    const isOwn = KEYS.map((key, at) => servers[at % 3]?.engine?.cluster?.isOwn(partitionOf(key)));
    expect(isOwn).toContain(false);
    const made = await Promise.all(
      KEYS.map((key, at) => {
        const server = servers[at % 3] as ServerCoordinator;
        return server.repair({ map: 'todos', key, change: { type: 'keep' }, by: 'ada' });
      }),
    );
    expect(made.map(({ key, by }) => [key, by])).toEqual(KEYS.map((key) => [key, 'ada']));
    for (const server of servers) {
      await eventually('all nodes know of the repairs', () => server.repairs().length === KEYS.length);
      expect(await server.poisoned()).toEqual([]);
      await expect(
        server.repair({ map: 'todos', key: 'k0', change: { type: 'keep' }, by: 'ada' }),
      ).rejects.toMatchObject({ code: 'REPAIR_NEEDLESS' });
    }
  }, 90_000);
});
