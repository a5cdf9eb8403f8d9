import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryAdapter } from '@topgun/adapters';
import { TopGunClient } from '@topgun/client';
import { ServerCoordinator } from '@topgun/server';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runInProcess } from '../../test/runInProcess.js';
import type { StopSignal } from '../CliIo.js';
import { exitCodes } from '../exitCodes.js';

let folder = '';
let server: ServerCoordinator;
let url = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'topgun-debug-'));
  server = new ServerCoordinator({
    port: 0,
    dev: true,
    storage: 'memory',
    logLevel: 'silent',
    debugValues: true,
  });
  url = `http://127.0.0.1:${(await server.start()).port}`;
});
afterEach(async () => {
  await server.shutdown();
  await rm(folder, { recursive: true });
});

const run = (...args: string[]) => runInProcess(['debug:crdt', ...args], { cwd: folder });
const asked = (...args: string[]) => run(...args, '--url', url);
const rowsIn = (text: string): Record<string, unknown>[] =>
  text
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

async function withClient(work: (client: TopGunClient) => void | Promise<void>): Promise<void> {
  const client = new TopGunClient({
    serverUrl: url.replace('http', 'ws'),
    storage: new MemoryAdapter(),
    storeName: `debug-${performance.now()}`,
  });
  await work(client);
  await client.whenSynced();
  await client.close();
}

async function fill(): Promise<void> {
  await withClient(async (client) => {
    const notes = client.getMap<unknown>('notes');
    notes.set('a', { n: 1n });
    await client.whenSynced();
    notes.set('a', { n: 2n });
    notes.set('b', 1);
    notes.remove('b');
    const tags = client.getORMap('tags');
    tags.add('k', 'red');
    tags.add('k', 'blue');
    tags.remove('k', 'red');
    client.getPNCounter('likes').addAndGet(5);
  });
}

describe('topgun debug:crdt', () => {
  it('[DBG-10] prints state, counts, conflicts and times in each format', async () => {
    await fill();
    // Who has not seen a note writes over it.
    await withClient((client) => void client.getMapWriter('notes').set('a', 'blind'));
    const exported = await asked('export', '--map', 'notes');
    expect([exported.code, exported.err]).toEqual([exitCodes.ok, '']);
    expect(
      rowsIn(exported.out)
        .map(({ key, value, deleted }) => [key, value, deleted])
        .sort(),
    ).toEqual([
      ['a', 'blind', undefined],
      ['b', undefined, true],
    ]);
    expect(rowsIn((await asked('stats')).out)).toMatchObject([
      { map: 'likes', present: 1 },
      { map: 'notes', present: 1, deleted: 1 },
      { map: 'tags', present: 1, deleted: 1 },
    ]);
    expect(JSON.parse((await asked('conflicts', '--format', 'json')).out)).toMatchObject([
      { key: 'a', conflict: 'overwrote', value: 'blind' },
    ]);
    const csv = (await asked('timeline', '--format', 'csv', '--map', 'notes', '--bucket', '3600')).out
      .trim()
      .split('\n');
    expect(csv[0]).toBe('atMs,applied,superseded,changed,rejected,conflicts');
    expect(csv.slice(1).reduce((sum, line) => sum + Number(line.split(',')[1]), 0)).toBeGreaterThanOrEqual(3);
    expect(JSON.parse((await asked('conflicts', '--map', 'none', '--format', 'json')).out)).toEqual([]);
    expect((await asked('export')).code).toBe(exitCodes.usage);
    expect((await run('stats', '--url', 'http://127.0.0.1:9')).code).toBe(exitCodes.unhealthy);
  });

  it('[DBG-10] [DBG-11] what tail has followed is replayed to the state of the server', async () => {
    let stop: (signal: StopSignal) => void = () => undefined;
    let out = '';
    const tailing = runInProcess(['debug:crdt', 'tail', '--url', url], {
      onStopSignal: (listener) => {
        stop = listener;
        return () => undefined;
      },
      out: (text) => {
        out += text;
      },
    });
    // What is written before it asks for the first time is not its business; this is how to know that it did.
    const deadline = performance.now() + 30_000;
    for (let i = 0; out === ''; i++) {
      expect(performance.now()).toBeLessThan(deadline);
      await withClient((client) => void client.getMapWriter('begin').set(`k${i}`, i));
    }
    await fill();
    await withClient((client) => void client.getMapWriter('end').set('k', 1));
    while (!out.includes('"map":"end"')) {
      expect(performance.now()).toBeLessThan(deadline);
      await new Promise((resolve) => setImmediate(resolve));
    }
    stop('SIGINT');
    expect((await tailing).code).toBe(exitCodes.ok);
    await writeFile(join(folder, 'ops.ndjson'), out);
    const replayed = await run('replay', 'ops.ndjson');
    expect([replayed.code, replayed.err]).toEqual([exitCodes.ok, '']);
    const state = rowsIn(replayed.out).flatMap(({ state }) => (state === undefined ? [] : [state])) as {
      map: string;
    }[];
    expect(state.filter(({ map }) => map !== 'begin')).toEqual([
      { map: 'end', key: 'k', value: 1 },
      { map: 'likes', key: 'likes', value: 5 },
      { map: 'notes', key: 'a', value: { n: { $bigint: '2' } } },
      { map: 'tags', key: 'k', value: ['blue'] },
    ]);
    const steps = rowsIn((await run('replay', 'ops.ndjson', '--key', 'a')).out);
    expect(steps).toMatchObject([
      { op: 'PUT', after: { n: { $bigint: '1' } } },
      { op: 'PUT', before: { n: { $bigint: '1' } }, after: { n: { $bigint: '2' } } },
      { state: { key: 'a' } },
    ]);
    const until = String(steps[0]?.seq);
    expect(rowsIn((await run('replay', 'ops.ndjson', '--map', 'notes', '--until', until)).out)).toHaveLength(
      2,
    );
  });

  it('[DBG-11] replays an export, in any order, and marks what came out differently', async () => {
    await fill();
    const lines = ['notes', 'tags', 'likes'].map(async (map) => (await asked('export', '--map', map)).out);
    const text = (await Promise.all(lines)).join('').trim().split('\n').reverse().join('\n');
    await writeFile(join(folder, 'rows.ndjson'), text);
    const { code, out } = await run('replay', 'rows.ndjson');
    expect(code).toBe(exitCodes.ok);
    expect(rowsIn(out).filter(({ state }) => state !== undefined)).toHaveLength(3);
    const op = { map: 'm', key: 'k', op: 'PUT', node: 'n' };
    const ops = [
      { ...op, seq: 1, t: 5_000, value: 'new', outcome: 'applied' },
      { ...op, seq: 2, t: 4_000, value: 'old', outcome: 'applied' },
      { ...op, seq: 3, t: 6_000, outcome: 'rejected', value: 'refused' },
      { what: 'is this' },
    ];
    await writeFile(join(folder, 'ops.ndjson'), ops.map((line) => JSON.stringify(line)).join('\n'));
    const marked = await run('replay', 'ops.ndjson', '--format', 'csv');
    expect(marked.code).toBe(exitCodes.failure);
    expect(marked.out).toContain('2,m,k,PUT,applied,new,new,differs: it won at the server and loses here\n');
    expect(marked.out).toContain('3,m,k,PUT,rejected,new,new,\n');
    expect(marked.err).toBe(
      'line 4: no operation and no row with a stamp\n1 operations came out differently than at the server\n',
    );
    expect((await run('replay', 'none.ndjson')).err).toContain('FILE_UNREADABLE');
  });
});
