import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { judgeClock } from './clock.js';
import { dataFolder } from './dataFolder.js';
import { diskSpace, judgeSpace } from './diskSpace.js';
import { judgeNode } from './nodeVersion.js';
import { portFree } from './portFree.js';

describe('doctor', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'topgun-doctor-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const options = (part: { port?: number; dataDir?: string } = {}) => ({
    host: '127.0.0.1',
    port: 0,
    dataDir: folder,
    ...part,
  });

  it('[CLI-8] knows the Node floor', () => {
    expect(['18.20.0', '20.18.9', '20.19.0', '24.0.0'].map((version) => judgeNode(version).level)).toEqual([
      'fail',
      'fail',
      'ok',
      'ok',
    ]);
  });

  it('[CLI-8] tells a taken port from a free one', async () => {
    expect((await portFree.run(options())).level).toBe('ok');
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    expect(await portFree.run(options({ port }))).toMatchObject({ level: 'warn' });
    await new Promise((resolve) => other.close(resolve));
  });

  it('[CLI-8] leaves nothing behind in the data folder', async () => {
    expect((await dataFolder.run(options({ dataDir: join(folder, 'a', 'b') }))).level).toBe('ok');
    expect(await readdir(folder)).toEqual([]);
  });

  it('[CLI-8] fails on a data folder that cannot be made', async () => {
    await writeFile(join(folder, 'file'), '');
    expect((await dataFolder.run(options({ dataDir: join(folder, 'file', 'data') }))).level).toBe('fail');
  });

  it('[CLI-8] measures the disk of a folder that does not exist yet', async () => {
    expect((await diskSpace.run(options({ dataDir: join(folder, 'x', 'y') }))).detail).toMatch(/GiB free/);
    expect([judgeSpace(1e6).level, judgeSpace(2e8).level, judgeSpace(1e11).level]).toEqual([
      'fail',
      'warn',
      'ok',
    ]);
  });

  it('[CLI-8] refuses a clock that lost its date', () => {
    expect(judgeClock(0).level).toBe('fail');
    expect(judgeClock(Date.UTC(2027, 0, 1)).level).toBe('ok');
  });
});
