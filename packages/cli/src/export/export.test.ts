import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryAdapter } from '@topgun/adapters';
import { TopGunClient } from '@topgun/client';
import { ServerCoordinator } from '@topgun/server';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runInProcess } from '../../test/runInProcess.js';
import { TEST_SECRET, tokenFor } from '../../test/tokenFor.js';
import type { StopSignal } from '../CliIo.js';
import { exitCodes } from '../exitCodes.js';

type Settings = ConstructorParameters<typeof ServerCoordinator>[0];

let folder = '';
const servers: ServerCoordinator[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'topgun-export-'));
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.shutdown();
  await rm(folder, { recursive: true });
});

async function startServer(settings: Settings = {}): Promise<string> {
  const config = {
    port: 0,
    dev: true,
    logLevel: 'silent',
    drainMs: 2_000,
    storage: 'memory',
    ...settings,
  } as const;
  const server = new ServerCoordinator(config);
  servers.push(server);
  return `http://127.0.0.1:${(await server.start()).port}`;
}

const run = (...args: string[]) => runInProcess(args, { cwd: folder });
const text = (name: string): Promise<string> => readFile(join(folder, name), 'utf8');
const rowsIn = (lines: string): Record<string, unknown>[] =>
  lines
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

async function withClient(
  url: string,
  work: (client: TopGunClient) => void | Promise<void>,
  token?: string,
): Promise<void> {
  const client = new TopGunClient({
    serverUrl: url.replace('http', 'ws'),
    storage: new MemoryAdapter(),
    storeName: `export-${performance.now()}`,
    ...(token === undefined ? {} : { token }),
  });
  await work(client);
  await client.whenSynced();
  await client.close();
}

/** A map of each kind, values of each type, and a deletion. */
async function fill(url: string): Promise<void> {
  await withClient(url, async (client) => {
    const notes = client.getMap<unknown>('notes');
    notes.set('all', {
      big: 7n,
      at: new Date(5),
      raw: Uint8Array.of(0, 255),
      mark: { $date: 'x' },
      list: [null, 'ü'],
    });
    notes.set('soon', 'gone in an hour', 3_600_000);
    notes.set('gone', 1);
    notes.remove('gone');
    const tags = client.getORMap<string>('tags');
    tags.add('a', 'red');
    tags.add('a', 'blue', 3_600_000);
    tags.add('b', 'red');
    tags.add('b', 'lost');
    tags.remove('b', 'lost');
    client.getPNCounter('likes').addAndGet(10);
    client.getPNCounter('likes').addAndGet(-3);
  });
}

/** What of a row has to come back: all but the tag, which is new; the rest of a life to the second. */
const kept = (lines: string): unknown[] =>
  rowsIn(lines)
    .map(({ tag, expiresAt, ...row }) => ({ ...row, expires: expiresAt !== undefined }))
    .map((row) => JSON.stringify(row))
    .sort();

describe('topgun export and import', () => {
  it('[EXP-1] [EXP-2] [EXP-8] maps of every kind come back on another server', async () => {
    const from = await startServer();
    await fill(from);
    const made = await run('export', '--all', '--out', 'all.jsonl', '--url', from);
    expect([made.code, made.err]).toEqual([exitCodes.ok, '']);
    expect(made.out).toBe(`Exported 6 rows to ${join(folder, 'all.jsonl')}\n`);
    expect(await readdir(folder)).toEqual(['all.jsonl']);
    const first = await text('all.jsonl');
    expect(rowsIn(first).find(({ key }) => key === 'likes')).toEqual({
      map: 'likes',
      key: 'likes',
      total: 7,
    });
    expect(first).not.toContain('gone"');
    const to = await startServer();
    const imported = await run('import', 'all.jsonl', '--url', to);
    expect([imported.code, imported.err]).toEqual([exitCodes.ok, '']);
    await run('export', '--all', '--out', 'again.jsonl', '--url', to);
    const second = await text('again.jsonl');
    expect(kept(second)).toEqual(kept(first));
    const lives = [first, second].map((lines) =>
      Number(rowsIn(lines).find(({ key }) => key === 'soon')?.expiresAt),
    );
    expect(Math.abs((lives[0] ?? 0) - (lives[1] ?? 0))).toBeLessThan(2_000);
    await withClient(to, async (client) => {
      const notes = client.getMap<unknown>('notes');
      await client.whenSynced();
      expect(notes.get('all')).toEqual({
        big: 7n,
        at: new Date(5),
        raw: Uint8Array.of(0, 255),
        mark: { $date: 'x' },
        list: [null, 'ü'],
      });
    });
  });

  it('[EXP-9] the same file twice gives the same maps, and other totals are brought to those of the file', async () => {
    const url = await startServer();
    await fill(url);
    await run('export', '--all', '--out', 'all.jsonl', '--url', url);
    await withClient(url, (client) => void client.getPNCounter('likes').addAndGet(100));
    for (let i = 0; i < 2; i++)
      expect((await run('import', 'all.jsonl', '--url', url)).code).toBe(exitCodes.ok);
    const { out } = await run('export', '--all', '--url', url);
    expect(kept(out)).toEqual(kept(await text('all.jsonl')));
  });

  it('[EXP-8] a row whose time is over is left out and counted, what is no row is told by its line', async () => {
    const url = await startServer();
    const lines = [
      { map: 'm', key: 'old', value: 1, expiresAt: 1_000 },
      { map: 'm', key: 'new', value: 2 },
      { map: 'm', key: 'bad', value: { $bigint: 'x' } },
      { map: 'm', value: 3 },
    ];
    await writeFile(join(folder, 'x.jsonl'), lines.map((line) => JSON.stringify(line)).join('\n'));
    const { code, out, err } = await run('import', 'x.jsonl', '--url', url);
    expect([code, out]).toEqual([
      exitCodes.failure,
      expect.stringMatching(/expired {2}1 of them\n {2}bad {6}2\n/),
    ]);
    expect(err).toMatch(/^line 3: .*\nline 4: no row of an export\n$/);
    expect(rowsIn((await run('export', 'm', '--url', url)).out)).toEqual([
      { map: 'm', key: 'new', value: 2 },
    ]);
  });

  it('[EXP-3] [CLI-21] a CSV of records comes back through import', async () => {
    const url = await startServer();
    await withClient(url, (client) => {
      const people = client.getMap('people');
      people.set('1', { name: 'Ada, "the" first', age: 36, is: true });
      people.set('2', { name: 'Bo\nb', tags: ['x'] });
    });
    const made = await run('export', 'people', '--format', 'csv', '--url', url);
    expect(made.out.split('\n')[0]).toMatch(/^_key,/);
    expect(made.out).toContain('"Ada, ""the"" first"');
    await run('export', 'people', '--format', 'csv', '--fields', 'name,age', '--out', 'p.csv', '--url', url);
    await run('import', 'copy', 'p.csv', '--key', '_key', '--url', url);
    const { out } = await run('export', 'copy', '--url', url);
    expect(
      rowsIn(out)
        .map(({ key, value }) => [key, value])
        .sort(),
    ).toEqual([
      ['1', { name: 'Ada, "the" first', age: 36 }],
      ['2', { name: 'Bo\nb' }],
    ]);
    await withClient(url, (client) => void client.getMap('plain').set('k', 'text'));
    expect((await run('export', 'plain', '--format', 'csv', '--url', url)).err).toContain('EXPORT_CSV');
  });

  it('[EXP-4] shows what the token may read and nothing else', async () => {
    const policies = [
      {
        role: 'user',
        map: 'notes',
        actions: ['READ' as const],
        where: { op: 'eq', path: 'open', value: true },
        fields: ['open', 'name'],
      },
      { role: 'writer', map: '**', actions: ['READ' as const, 'PUT' as const] },
    ];
    const url = await startServer({ dev: false, jwtSecret: TEST_SECRET, policies });
    const token = (role: string) => tokenFor('ada', role);
    await withClient(
      url,
      (client) => {
        const notes = client.getMap('notes');
        notes.set('a', { open: true, name: 'A', secret: 'canary' });
        notes.set('b', { open: false, name: 'canary' });
        client.getMap('other').set('c', 'canary');
      },
      await token('writer'),
    );
    const shown = await run('export', '--all', '--url', url, '--token', await token('user'));
    expect(rowsIn(shown.out)).toEqual([{ map: 'notes', key: 'a', value: { open: true, name: 'A' } }]);
    const denied = await run('export', 'other', '--url', url, '--token', await token('user'));
    expect([denied.code, denied.out, denied.err]).toEqual([
      exitCodes.failure,
      '',
      expect.stringContaining('error DENIED'),
    ]);
    expect((await run('export', '--all', '--url', url)).err).toContain('TOKEN_REFUSED');
  });

  it('[EXP-6] an interrupted export goes on at its last page, and rows of it are not written twice', async () => {
    const url = await startServer();
    await withClient(url, (client) => {
      for (const name of ['m1', 'm2', 'm3']) {
        const map = client.getMap(name);
        for (let i = 0; i < 50; i++) map.set(`k${i}`, i);
      }
    });
    const args = ['export', '--all', '--out', 'x.jsonl', '--url', url];
    // Asked to stop before it has begun, it ends behind the first page.
    const onStopSignal = (stop: (signal: StopSignal) => void) => {
      stop('SIGINT');
      return () => undefined;
    };
    const stopped = await runInProcess(args, { cwd: folder, onStopSignal });
    expect([stopped.code, stopped.err]).toEqual([exitCodes.failure, 'Stopped. Go on with --resume\n']);
    expect((await readdir(folder)).sort()).toEqual(['x.jsonl.part', 'x.jsonl.progress']);
    const begun = await text('x.jsonl.part');
    expect(rowsIn(begun)).toHaveLength(50);
    // A page that was not noted any more is written anew.
    await writeFile(join(folder, 'x.jsonl.part'), `${begun}{"map":"m2","key`);
    expect(
      (await run(...args.slice(0, 4), '--url', url, '--resume', 'm1').catch(() => ({ code: 2 }))).code,
    ).toBe(exitCodes.usage);
    const resumed = await run(...args, '--resume');
    expect([resumed.code, resumed.out]).toEqual([exitCodes.ok, expect.stringContaining('Exported 150 rows')]);
    expect(new Set(rowsIn(await text('x.jsonl')).map(({ map, key }) => `${map}/${key}`)).size).toBe(150);
    expect(await readdir(folder)).toEqual(['x.jsonl']);
    expect((await run(...args, '--resume')).err).toContain('EXPORT_NOT_RESUMABLE');
  });

  it('[EXP-7] reads the folder of a stopped server, and refuses that of a running one', async () => {
    const url = await startServer({ storage: 'embedded', dataDir: join(folder, 'data') });
    await fill(url);
    const online = await run('export', '--all', '--url', url);
    expect((await run('export', '--all', '--data-dir', 'data')).err).toContain('STORE_LOCKED');
    await servers.splice(0)[0]?.shutdown();
    const offline = await run('export', '--all', '--data-dir', 'data');
    expect(
      rowsIn(offline.out)
        .map((row) => JSON.stringify(row))
        .sort(),
    ).toEqual(
      rowsIn(online.out)
        .map((row) => JSON.stringify(row))
        .sort(),
    );
    expect(rowsIn((await run('export', 'likes', '--data-dir', 'data')).out)).toHaveLength(1);
    expect((await run('export', '--all', '--data-dir', 'none')).err).toContain('STORE_MISSING');
  });
});
