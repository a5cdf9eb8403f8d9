import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startRedis } from './startRedis.js';
import { type TetherOptions, tether } from './tether.js';

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'topgun-local-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A program that says that it runs, and how it ends. */
const script =
  'process.on("SIGTERM", () => { console.log("told"); process.exit(7); }); console.log("runs"); setInterval(() => {}, 1e6)';

async function run(options: Partial<TetherOptions> = {}) {
  const tied = tether({
    program: process.execPath,
    args: ['-e', script],
    signal: 'TERM',
    cwd: tmpdir(),
    ...options,
  });
  let text = '';
  const ran = once(tied.shell.stdout, 'data');
  tied.shell.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  await ran;
  const ended = once(tied.shell, 'close').then(([code]) => ({ code: code as number, text }));
  return { ...tied, ended };
}

describe('a tethered program', () => {
  it('[CLI-60] is told to end when its standard input does, and tells its code', async () => {
    const { release, ended } = await run();
    release();
    expect(await ended).toEqual({ code: 7, text: 'runs\ntold\n' });
  });

  it('[CLI-60] takes signals itself; one that is held is ended all the same', async () => {
    const { pid, release, ended } = await run();
    process.kill(await pid, 'SIGSTOP');
    release();
    expect((await ended).code).toBe(7);
    const other = await run();
    process.kill(await other.pid, 'SIGKILL');
    expect((await other.ended).code).toBe(137);
  });

  it('[CLI-61] takes its folder along, unless that is to be kept', async () => {
    for (const isKept of [false, true]) {
      const folder = newFolder();
      if (isKept) writeFileSync(join(folder, 'keep'), '');
      const { release, ended } = await run({ folder });
      release();
      await ended;
      expect(existsSync(folder)).toBe(isKept);
    }
  });

  it('[CLI-60] says that there is no such program', async () => {
    const { shell } = tether({ program: '/nowhere/none', args: [], signal: 'TERM', cwd: tmpdir() });
    shell.stderr.resume();
    const [code] = (await once(shell, 'exit')) as [number];
    expect(code).toBe(127);
  });
});

describe('a Redis of its own', () => {
  const program = process.env.TOPGUN_REDIS ?? 'redis-server';

  it('[CLI-61] keeps in a folder what it was told', async () => {
    const folder = newFolder();
    const first = await startRedis({ program, folder });
    const writer = new Redis(first.url);
    await writer.set('a', 'b');
    await writer.quit();
    await first.stop();
    const second = await startRedis({ program, folder });
    const reader = new Redis(second.url);
    expect(await reader.get('a')).toBe('b');
    await reader.quit();
    await second.stop();
    await second.stop();
  });

  it('[CLI-60] says why it does not start', async () => {
    await expect(startRedis({ program: '/nowhere/redis' })).rejects.toThrow('it ended with 127');
  });
});
