import { createHash } from 'node:crypto';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { ServerCoordinator } from '../ServerCoordinator.js';
import { TEST_SECRET, tokenFor } from '../security/testing/tokenFor.js';
import { commitOf, storedRecord } from '../storage/contractRecords.js';
import { type BackupManifest, restoreStore } from '../storage/embedded/backupStore.js';
import { endStores, newFolder, openStore } from '../storage/embedded/testing/testStores.js';
import { MemoryStore } from '../storage/MemoryStore.js';
import { createLogger } from '../utils/logger.js';
import { BackupDesk } from './BackupDesk.js';

const HOUR_MS = 3_600_000;
const servers: ServerCoordinator[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await server.shutdown();
  await endStores();
});

async function deskOn(config: { backupHours?: number; backupKeep?: number; backupDir?: string } = {}) {
  const dataDir = await newFolder();
  const store = await openStore(dataDir);
  await store.commit(commitOf([storedRecord({ key: 'k' })]));
  const clock = { ms: Date.parse('2026-11-21T12:00:00.000Z'), wallMs: () => clock.ms };
  const made = (): BackupDesk =>
    new BackupDesk({
      store,
      config: { dataDir, backupHours: 0, backupKeep: 7, ...config },
      clock,
      logger: createLogger('silent'),
    });
  const names = async (desk: BackupDesk): Promise<string[]> => (await desk.list()).map(({ name }) => name);
  return { dataDir, store, clock, made, desk: made(), names };
}

async function startServer(
  config: object,
): Promise<{ url: string; token(...roles: string[]): Promise<string> }> {
  const server = new ServerCoordinator({
    port: 0,
    logLevel: 'silent',
    drainMs: 2000,
    jwtSecret: TEST_SECRET,
    ...config,
  });
  servers.push(server);
  const { port } = await server.start();
  return {
    url: `http://127.0.0.1:${port}/api/backup`,
    token: (...roles) => tokenFor('ada', roles),
  };
}

describe('backups of a running server', () => {
  it('[BAK-4] one at a time, and none of data in memory', async () => {
    const { desk, clock } = await deskOn();
    const first = desk.begin();
    expect(() => desk.begin()).toThrow(expect.objectContaining({ code: 'BACKUP_RUNNING' }));
    expect(desk.running).toMatchObject({ name: first.name });
    await first.done;
    expect([desk.running, desk.last?.error]).toEqual([undefined, undefined]);
    clock.ms++;
    await desk.begin().done;
    expect(await desk.list()).toHaveLength(2);
    const config = { dataDir: '.', backupHours: 0, backupKeep: 7, backupDir: undefined };
    const none = new BackupDesk({ store: new MemoryStore(), config, clock, logger: createLogger('silent') });
    expect(() => none.begin()).toThrow(expect.objectContaining({ code: 'BACKUP_UNSUPPORTED' }));
  });

  it('[BAK-6] by itself when the newest is old enough, also after a restart, and the newest stay', async () => {
    const { desk, clock, made, names } = await deskOn({ backupHours: 6, backupKeep: 2 });
    await desk.look();
    expect(await names(desk)).toEqual(['2026-11-21T12-00-00-000Z']);
    clock.ms += 6 * HOUR_MS - 1;
    await desk.look();
    expect(await desk.list()).toHaveLength(1);
    clock.ms++;
    const again = made();
    await again.look();
    clock.ms += 6 * HOUR_MS;
    await again.look();
    expect(await names(again)).toEqual(['2026-11-21T18-00-00-000Z', '2026-11-22T00-00-00-000Z']);
  });

  it('[BAK-6] [BAK-3] a failed one is told, takes none away, and is tried again an hour later', async () => {
    const { desk, clock, store, dataDir, names } = await deskOn({ backupHours: 1, backupKeep: 1 });
    await desk.look();
    clock.ms += HOUR_MS;
    // A file lies where the next backup would be.
    await writeFile(join(dataDir, 'backups', '2026-11-21T13-00-00-000Z'), '');
    await desk.look();
    expect(desk.last?.error).toMatchObject({ code: 'BACKUP_EXISTS' });
    clock.ms += HOUR_MS - 1;
    await desk.look();
    expect(await names(desk)).toEqual(['2026-11-21T12-00-00-000Z']);
    clock.ms++;
    await desk.look();
    expect(await names(desk)).toEqual(['2026-11-21T14-00-00-000Z']);
    expect(desk.last?.error).toBeUndefined();
    expect(store.sizes().logBytes).toBeGreaterThan(0);
  });

  it('[BAK-3] what a killed backup left is removed at the start', async () => {
    const { desk, dataDir } = await deskOn();
    await mkdir(join(dataDir, 'backups', '2026.x.unfinished'), { recursive: true });
    await desk.start();
    desk.stop();
    expect(await readdir(join(dataDir, 'backups'))).toEqual([]);
  });

  it('[BAK-5] an ADMIN makes, lists, fetches and removes them over HTTP, and nobody else', async () => {
    const { url, token } = await startServer({ dataDir: await newFolder() });
    const call = async (path: string, method = 'GET', as?: string): Promise<Response> =>
      fetch(`${url}${path}`, { method, headers: as === undefined ? {} : { Authorization: `Bearer ${as}` } });
    const admin = await token('ADMIN');
    for (const [path, method] of [
      ['', 'POST'],
      ['', 'GET'],
      ['/x', 'GET'],
      ['/x/data', 'GET'],
      ['/x', 'DELETE'],
    ] as const) {
      expect((await call(path, method)).status).toBe(401);
      expect((await call(path, method, await token('user'))).status).toBe(403);
    }
    const begun = await call('', 'POST', admin);
    expect(begun.status).toBe(202);
    const { name } = (await begun.json()) as { name: string };
    const deadline = performance.now() + 30_000;
    for (;;) {
      const { running } = (await (await call('', 'GET', admin)).json()) as { running?: unknown };
      if (running === undefined) break;
      expect(performance.now()).toBeLessThan(deadline);
    }
    const manifest = (await (await call(`/${name}`, 'GET', admin)).json()) as BackupManifest;
    const data = Buffer.from(await (await call(`/${name}/data`, 'GET', admin)).arrayBuffer());
    expect(createHash('sha256').update(data).digest('hex')).toBe(manifest.sha256);
    const fetched = await newFolder();
    await writeFile(join(fetched, 'data.mdb'), data);
    await writeFile(join(fetched, 'backup.json'), JSON.stringify(manifest));
    await restoreStore(fetched, join(await newFolder(), 'new'), new Date());
    for (const path of ['/..', '/%2e%2e/data', `/${name}/../data.mdb`, `/${name}/backup.json`, '/other'])
      expect((await call(path, 'GET', admin)).status).toBe(404);
    expect((await call(`/${name}`, 'DELETE', admin)).status).toBe(200);
    expect((await call(`/${name}`, 'GET', admin)).status).toBe(404);
  });

  it('[BAK-4] a server without a folder says that it makes none', async () => {
    const { url, token } = await startServer({ storage: 'memory' });
    const headers = { Authorization: `Bearer ${await token('ADMIN')}` };
    const answer = await fetch(url, { method: 'POST', headers });
    expect([answer.status, await answer.json()]).toMatchObject([501, { code: 'BACKUP_UNSUPPORTED' }]);
  });
});
