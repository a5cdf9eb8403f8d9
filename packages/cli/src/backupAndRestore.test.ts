import { access, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedStore, ServerCoordinator } from '@topgun/server';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runInProcess } from '../test/runInProcess.js';
import { exitCodes } from './exitCodes.js';
import { formatBytes } from './formatBytes.js';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'topgun-cli-backup-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const run = (...args: string[]) => runInProcess(args, { cwd: folder });

/** Opens the store in `data`, stores one fact, and closes it unless `work` wants it open. */
async function withStore(work: (store: EmbeddedStore) => Promise<unknown> = async () => undefined) {
  const store = new EmbeddedStore({ folder: join(folder, 'data') });
  const boot = await store.open();
  await store.commit({ slices: [], meta: [{ name: 'fact', value: 'kept' }] });
  await work(store);
  await store.close();
  return boot;
}

describe('topgun backup and restore', () => {
  it('[CLI-13] say what they did, and bring the data back as a new incarnation', async () => {
    const { incarnation } = await withStore();
    const made = await run('backup', 'copy', '--data-dir', 'data');
    expect([made.code, made.err]).toEqual([exitCodes.ok, '']);
    expect(made.out).toContain(`Backed up to ${join(folder, 'copy')}\n`);
    expect(made.out).toContain(`  incarnation  ${incarnation}\n`);
    const back = await run('restore', 'copy', '--data-dir', 'data');
    expect([back.code, back.err]).toEqual([exitCodes.ok, '']);
    expect(back.out).toContain(`(was ${incarnation})\n`);
    expect(back.out).toMatch(/The data that was there before is kept in \S+before-restore-\S+\.mdb; /);
    const boot = await withStore();
    expect([boot.meta.get('fact'), boot.renewedFrom]).toEqual(['kept', incarnation]);
    expect((await run('doctor', '--port', '0', '--data-dir', 'data')).out).toContain(
      `ok    Stored data    incarnation ${boot.incarnation}\n`,
    );
  });

  it('[BAK-7] [CLI-13] a running server makes one, and it is fetched or stays there', async () => {
    const server = new ServerCoordinator({
      port: 0,
      dev: true,
      dataDir: join(folder, 'data'),
      logLevel: 'silent',
    });
    try {
      const url = `http://127.0.0.1:${(await server.start()).port}`;
      const made = await run('backup', 'copy', '--url', url);
      expect([made.code, made.err]).toEqual([exitCodes.ok, '']);
      expect(made.out).toContain(`Backed up to ${join(folder, 'copy')}\n`);
      expect((await readdir(join(folder, 'copy'))).sort()).toEqual(['backup.json', 'data.mdb']);
      expect(await readdir(join(folder, 'data', 'backups'))).toEqual([]);
      const again = await run('backup', 'copy', '--url', url);
      expect([again.code, again.err]).toEqual([exitCodes.failure, expect.stringContaining('BACKUP_EXISTS')]);
      const kept = await run('backup', '--url', url);
      expect(kept.out).toMatch(/^Backed up to [\dTZ-]+, at the server\n/);
      expect(await readdir(join(folder, 'data', 'backups'))).toHaveLength(1);
    } finally {
      await server.shutdown();
    }
    const back = await run('restore', 'copy', '--data-dir', 'other');
    expect([back.code, back.out]).toEqual([
      exitCodes.ok,
      expect.stringContaining('comes back from the devices'),
    ]);
    expect((await run('backup', '--data-dir', 'data')).code).toBe(exitCodes.usage);
    expect((await run('backup', 'new', '--url', 'http://127.0.0.1:9')).code).toBe(exitCodes.unhealthy);
  });

  it('[CLI-13] refuse while a server has the data, with code, message and remedy', async () => {
    await withStore();
    await run('backup', 'copy', '--data-dir', 'data');
    await withStore(async () => {
      for (const args of [
        ['backup', 'other'],
        ['restore', 'copy'],
      ]) {
        const { code, out, err } = await run(...args, '--data-dir', 'data');
        expect([code, out]).toEqual([exitCodes.failure, '']);
        expect(err).toMatch(/^error STORE_LOCKED The folder \S+ is in use by process \d+ on \S+\n {6}Stop /);
      }
      expect((await run('doctor', '--port', '0', '--data-dir', 'data')).out).toContain(
        'is in use by process',
      );
    });
    expect((await readdir(folder)).sort()).toEqual(['copy', 'data']);
  });

  it('[CLI-13] a wrong folder is an error, and leaves nothing behind', async () => {
    for (const [args, error] of [
      [['backup', 'copy', '--data-dir', 'nothing'], 'STORE_MISSING'],
      [['restore', 'nothing', '--data-dir', 'data'], 'BACKUP_INVALID'],
    ] as const) {
      const { code, out, err } = await run(...args);
      expect([code, out]).toEqual([exitCodes.failure, '']);
      expect(err).toContain(`error ${error} `);
      expect(err).not.toContain('    at ');
    }
    expect(await readdir(folder)).toEqual([]);
    await expect(access(join(folder, 'data'))).rejects.toThrow();
  });

  it('[CLI-13] print sizes as people read them', () => {
    expect([0, 1023, 1536, 5 * 1024 ** 2, 3 * 1024 ** 5].map(formatBytes)).toEqual([
      '0 bytes',
      '1023 bytes',
      '1.5 KiB',
      '5.0 MiB',
      '3072.0 TiB',
    ]);
  });
});
