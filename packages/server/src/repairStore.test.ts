import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packTime, partitionOf } from '@topgun/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RepairOrder } from './engine/repair/Repair.js';
import { repairStore } from './repairStore.js';
import { ServerCoordinator } from './ServerCoordinator.js';
import { CommitGate } from './storage/CommitGate.js';
import { commitOf, storedRecord } from './storage/contractRecords.js';
import { EmbeddedStore } from './storage/embedded/EmbeddedStore.js';

const IN_TEN_YEARS = packTime(Date.now() + 10 * 365 * 86_400_000, 0);
const order: RepairOrder = { map: 'm', key: 'k', change: { type: 'put', value: 'mended' }, by: 'ops' };

let folder: string;
const servers: ServerCoordinator[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'topgun-repair-'));
  const store = new EmbeddedStore({ folder });
  await store.open();
  await store.commit(commitOf([storedRecord({ key: 'k', t: IN_TEN_YEARS })]));
  await store.close();
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.shutdown();
  await rm(folder, { recursive: true });
});

async function started(store?: EmbeddedStore): Promise<ServerCoordinator> {
  const config = { port: 0, dev: true, dataDir: folder, logLevel: 'silent', drainMs: 50 } as const;
  const server = new ServerCoordinator(config, store && { store });
  servers.push(server);
  await server.start();
  return server;
}

const valueIn = (server: ServerCoordinator): unknown =>
  server.engine?.changesSince(partitionOf('k'), { epoch: 0, n: 0 }, 1)[0]?.value;

describe('repair of records from the future', () => {
  it('[CLK-7] in a running server, which finds them, answers when it is durable, and keeps who it was', async () => {
    const server = await started();
    expect(await server.poisoned()).toMatchObject([{ map: 'm', key: 'k', kind: 'LWW' }]);
    const repair = await server.repair(order);
    expect(repair).toMatchObject({ id: 1, by: 'ops', change: 'put' });
    expect([await server.poisoned(), valueIn(server)]).toEqual([[], 'mended']);
    await expect(server.repair(order)).rejects.toMatchObject({ code: 'REPAIR_NEEDLESS' });
    await server.shutdown();
    await expect(server.repair(order)).rejects.toMatchObject({ code: 'SERVER_STATE' });
    const next = await started();
    expect([next.repairs(), valueIn(next)]).toEqual([[repair], 'mended']);
  });

  it('[CLK-7] in a running server whose disk fails for a while, it is made when the disk is back', async () => {
    const gate = new CommitGate();
    const server = await started(new EmbeddedStore({ folder, gate }));
    gate.failNext('failed');
    await server.repair(order);
    expect(valueIn(server)).toBe('mended');
  });

  it('[CLK-7] in a server that stops before the repair is durable, the caller is told so', async () => {
    const gate = new CommitGate();
    const server = await started(new EmbeddedStore({ folder, gate }));
    gate.hold();
    const repairing = server.repair(order);
    const refused = expect(repairing).rejects.toMatchObject({ code: 'SERVER_STATE' });
    await server.shutdown();
    await refused;
  });

  it('[CLK-7] of a stopped server, whose folder nobody else may have', async () => {
    const server = await started();
    const settings = { now: Date.now() };
    await expect(repairStore(folder, order, settings)).rejects.toMatchObject({ code: 'STORE_LOCKED' });
    await server.shutdown();
    await expect(repairStore(`${folder}x`, order, settings)).rejects.toMatchObject({ code: 'STORE_MISSING' });
    const repair = await repairStore(folder, order, settings);
    const next = await started();
    expect([next.repairs(), valueIn(next)]).toEqual([[repair], 'mended']);
  });
});
