import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryStore, ServerCoordinator } from '@topgun/server';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runInProcess } from '../../test/runInProcess.js';
import { TEST_SECRET, tokenFor } from '../../test/tokenFor.js';
import type { StopSignal } from '../CliIo.js';
import { exitCodes } from '../exitCodes.js';
import { Importer } from './Importer.js';
import type { Found } from './RecordReader.js';
import { MapTarget } from './RecordTarget.js';

type ServerSettings = ConstructorParameters<typeof ServerCoordinator>[0];

/** A store that counts the answers the server may give, and can be read. */
class CountingStore extends MemoryStore {
  answered = 0;
  override async commit(batch: Parameters<MemoryStore['commit']>[0]) {
    const result = await super.commit(batch);
    for (const { dedup } of batch.slices) for (const row of dedup) this.answered += row.entries.length;
    return result;
  }
}

let folder = '';
let store: CountingStore;
let server: ServerCoordinator;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'topgun-import-'));
  await started({});
});
afterEach(async () => {
  await server.shutdown();
  await rm(folder, { recursive: true });
});

async function started(settings: ServerSettings, on = new CountingStore()): Promise<void> {
  store = on;
  const config = { port: 0, dev: true, logLevel: 'silent', drainMs: 50, ...settings } as const;
  server = new ServerCoordinator(config, { store });
  await server.start();
}

const url = () => `http://127.0.0.1:${server.port}`;
const stored = async (key: string, map = 'people') => (await store.read(map, key))?.value;

async function importText(name: string, text: string, ...args: string[]) {
  const file = join(folder, name);
  await writeFile(file, text);
  return runInProcess(['import', 'people', file, '--url', url(), ...args]);
}

const lines = (count: number) =>
  Array.from({ length: count }, (_, i) => JSON.stringify({ id: i, name: `Person ${i}` })).join('\n');

describe('topgun import', () => {
  it('[CLI-20] writes the records of a file, and ends when the server has stored them', async () => {
    const { code, out, err } = await importText('people.ndjson', lines(1200));
    expect([code, err]).toEqual([exitCodes.ok, '']);
    expect(out).toContain('records  1,200 in ');
    expect(await stored('0')).toEqual({ id: 0, name: 'Person 0' });
    expect(await stored('1199')).toEqual({ id: 1199, name: 'Person 1199' });
  });

  it.each([
    ['people.json', '[{"id":"a","n":1},\n{"id":"b","n":2}]'],
    ['people.JSONL', '{"id":"a","n":1}\n{"id":"b","n":2}\n'],
    ['people.csv', 'id,n\na,1\nb,2\n'],
  ])('[CLI-21] reads %s by its name', async (name, text) => {
    expect((await importText(name, text)).code).toBe(exitCodes.ok);
    expect([await stored('a'), await stored('b')]).toEqual([
      { id: 'a', n: 1 },
      { id: 'b', n: 2 },
    ]);
  });

  it('[CLI-21] takes another format, fields kept as text, and a byte order mark', async () => {
    const text = '\uFEFFid,n\n1,2';
    expect((await importText('people.txt', text, '--format', 'csv', '--text', 'n')).code).toBe(exitCodes.ok);
    expect(await stored('1')).toEqual({ id: 1, n: '2' });
    const unsaid = await importText('people.txt', text);
    expect([unsaid.code, unsaid.err]).toEqual([
      exitCodes.failure,
      expect.stringContaining('IMPORT_FILE_INVALID'),
    ]);
    await writeFile(join(folder, 'latin.csv'), Buffer.from('id\n\xe9', 'latin1'));
    const latin = await runInProcess(['import', 'people', join(folder, 'latin.csv'), '--url', url()]);
    expect(latin.err).toContain('is not UTF-8');
  });

  it('[CLI-22] takes the key from the field named; the same file twice gives the same map', async () => {
    const text = '{"who":{"mail":"a@b"},"n":1}\n{"who":{"mail":"c@d"},"n":2}';
    for (let run = 0; run < 2; run++) {
      const { code, out } = await importText('people.ndjson', text, '--key', 'who.mail');
      expect([code, out]).toEqual([exitCodes.ok, expect.stringContaining('records  2 in')]);
    }
    const { out } = await runInProcess(['status', '--url', url(), '--json']);
    expect(JSON.parse(out)).toMatchObject({ maps: [{ name: 'people', items: 2 }] });
    expect(await stored('a@b')).toEqual({ who: { mail: 'a@b' }, n: 1 });
  });

  it('[CLI-23] tells each bad record by its line, imports the others, and ends with code 1', async () => {
    const text = '{"id":"a"}\n{"id":\n[1]\n{"name":"x"}\n{"id":1.5}\n{"id":"b"}';
    const { code, out, err } = await importText('people.ndjson', text);
    expect([code, out]).toEqual([
      exitCodes.failure,
      expect.stringMatching(/records {2}2 in .*\n {2}bad {6}4\n/s),
    ]);
    expect(err.split('\n').map((line) => line.slice(0, 24))).toEqual([
      'line 2: no JSON: Unexpec',
      'line 3: no object',
      'line 4: no text or whole',
      'line 5: no text or whole',
      '',
    ]);
    expect([await stored('a'), await stored('b')]).toEqual([{ id: 'a' }, { id: 'b' }]);
  });

  it('[CLI-23] gives up after --bad-max of them, and says where to go on', async () => {
    const text = '{"id":"a"}\nx\n{"id":"b"}\ny\n{"id":"c"}';
    const { code, err } = await importText('people.ndjson', text, '--bad-max', '1');
    expect([code, err]).toEqual([exitCodes.failure, expect.stringContaining('IMPORT_BAD_RECORDS')]);
    expect(err).toContain('Go on with --skip 4');
    expect([await stored('b'), await stored('c')]).toEqual([{ id: 'b' }, undefined]);
    const rest = await importText('people.ndjson', text, '--skip', '4');
    expect([rest.code, rest.err, await stored('c')]).toEqual([exitCodes.ok, '', { id: 'c' }]);
  });

  it('[CLI-23] records that the server refuses are told by line too, and so is a token that it refuses', async () => {
    await server.shutdown();
    const where = { op: 'lt', path: 'id', value: 2 };
    await started({
      dev: false,
      jwtSecret: TEST_SECRET,
      jwtIssuer: 'me',
      jwtAudience: 'here',
      policies: [{ role: 'USER', map: 'people', actions: ['PUT'], where }],
    });
    const token = await tokenFor('ada', 'USER', { issuer: 'me', audience: 'here' });
    const { code, out, err } = await importText('people.ndjson', lines(3), '--token', token);
    expect([code, err]).toEqual([exitCodes.failure, 'line 3: refused: DENIED\n']);
    expect(out).toMatch(/records {2}2 in .*\n {2}refused {2}1\n/s);
    const bad = await importText('people.ndjson', lines(3), '--token', 'nonsense');
    expect([bad.code, bad.err]).toEqual([exitCodes.failure, expect.stringMatching(/^error AUTH_/)]);
  });

  it('[CLI-24] reads no further than the server answers', async () => {
    const batch = 50;
    let ahead = 0;
    async function* records(): AsyncGenerator<Found> {
      for (let line = 1; line <= 1000; line++) {
        ahead = Math.max(ahead, line - 1 - store.answered);
        yield { line, value: { id: line } };
      }
    }
    const target = new MapTarget('people', 'id');
    const options = { target, url: url().replace('http', 'ws'), skip: 0, badMax: 0 };
    const importer = new Importer({ ...options, batch }, { bad: () => undefined, progress: () => undefined });
    expect(await importer.run(records())).toEqual({ imported: 1000, bad: 0, refused: 0, settled: 1000 });
    expect(ahead).toBeGreaterThan(batch / 2);
    expect(ahead).toBeLessThanOrEqual(batch);
  });

  it('[CLI-24] tells progress by count', async () => {
    const { err } = await importText('people.ndjson', lines(20_001), '--batch', '20000');
    expect(err).toBe('10,000 imported\n20,000 imported\n');
  }, 30_000);

  it('[CLI-25] ends with code 3 when no server answers, and looks at the file first', async () => {
    await writeFile(join(folder, 'a.ndjson'), '');
    const away = ['--url', 'http://127.0.0.1:1'];
    const { code, err } = await runInProcess(['import', 'people', join(folder, 'a.ndjson'), ...away]);
    expect([code, err]).toEqual([exitCodes.unhealthy, expect.stringContaining('SERVER_UNREACHABLE')]);
    const missing = await runInProcess(['import', 'people', join(folder, 'b.ndjson'), ...away]);
    expect([missing.code, missing.err]).toEqual([
      exitCodes.failure,
      expect.stringContaining('FILE_UNREADABLE'),
    ]);
    const place = await runInProcess(['import', 'people', join(folder, 'a.ndjson'), '--url', 'localhost']);
    expect(place.err).toContain('URL_INVALID');
  });

  it('[CLI-25] waits for a server that goes away half-way, and brings all records in', async () => {
    const file = join(folder, 'people.ndjson');
    await writeFile(file, lines(15_000));
    const { port } = server;
    let restarted = Promise.resolve();
    const { code, out } = await runInProcess(['import', 'people', file, '--url', url(), '--batch', '1000'], {
      err: (text) => {
        if (text.startsWith('10,000')) restarted = server.shutdown().then(() => started({ port }, store));
      },
    });
    await restarted;
    expect([code, out]).toEqual([exitCodes.ok, expect.stringContaining('records  15,000 in ')]);
    const status = await runInProcess(['status', '--url', url(), '--json']);
    expect(JSON.parse(status.out)).toMatchObject({ maps: [{ name: 'people', items: 15_000 }] });
  }, 60_000);

  it('[CLI-25] a signal ends it when the answers are in, with where to go on; the second ends the process', async () => {
    const file = join(folder, 'people.ndjson');
    await writeFile(file, lines(30_000));
    let signal: (name: StopSignal) => void = () => undefined;
    const exits: number[] = [];
    let err = '';
    const { code, out } = await runInProcess(['import', 'people', file, '--url', url(), '--batch', '1000'], {
      onStopSignal: (listener) => {
        signal = listener;
        return () => undefined;
      },
      exitNow: (with_) => exits.push(with_),
      err: (text) => {
        err += text;
        if (!text.startsWith('10,000')) return;
        signal('SIGINT');
        signal('SIGINT');
      },
    });
    expect([code, exits]).toEqual([exitCodes.failure, [exitCodes.forcedInt]]);
    const next = Number(/--skip (\d+)/.exec(err)?.[1]);
    expect(next).toBeGreaterThanOrEqual(10_000);
    expect(next).toBeLessThan(30_000);
    expect(out).toContain(`records  ${next.toLocaleString('en')} in `);
    expect([await stored(`${next - 1}`), await stored(`${next}`)]).toEqual([expect.anything(), undefined]);
  }, 30_000);
});
