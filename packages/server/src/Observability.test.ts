import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { encode, PROTOCOL_VERSION } from '@topgun/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { ServerConfigInput } from './config/schema.js';
import { ServerCoordinator } from './ServerCoordinator.js';
import type { ServerOverrides } from './ServerOverrides.js';
import { TEST_SECRET, tokenFor } from './security/testing/tokenFor.js';
import { CommitGate } from './storage/CommitGate.js';
import { EmbeddedStore } from './storage/embedded/EmbeddedStore.js';

const metricsToken = 'scraper-7f3a9c51d2';
const servers: ServerCoordinator[] = [];
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'topgun-watch-'));
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.shutdown();
  await rm(folder, { recursive: true });
});

async function start(
  config: ServerConfigInput = {},
  overrides: ServerOverrides = {},
): Promise<ServerCoordinator> {
  const standard = { port: 0, dataDir: folder, storage: 'memory', logLevel: 'silent', drainMs: 0 } as const;
  const server = new ServerCoordinator({ ...standard, jwtSecret: TEST_SECRET, ...config }, overrides);
  servers.push(server);
  await server.start();
  return server;
}

async function get(
  port: number | undefined,
  path: string,
  token?: string,
): Promise<{ status: number; text: string; type: string | null }> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers });
  return {
    status: response.status,
    text: await response.text(),
    type: response.headers.get('content-type'),
  };
}

const tokenOf = (roles: string[]): Promise<string> => tokenFor('ann', roles);

describe('Metrics of a server', () => {
  it('[OBS-4] on the main port are for ADMINs and the metricsToken, whatever the address they ask from', async () => {
    const { port } = await start({ metricsToken });
    expect(await get(port, '/metrics')).toMatchObject({
      status: 401,
      text: expect.stringContaining('"AUTH_REQUIRED"'),
    });
    expect(await get(port, '/metrics', `${metricsToken}x`)).toMatchObject({ status: 401 });
    expect(await get(port, '/metrics', await tokenOf(['USER']))).toMatchObject({ status: 403 });
    expect(await get(port, '/metrics', await tokenOf(['ADMIN']))).toMatchObject({ status: 200 });
    const scraped = await get(port, '/metrics', metricsToken);
    expect(scraped.status).toBe(200);
    expect(scraped.type).toMatch(/^text\/plain/);
    expect(scraped.text).toMatch(/^topgun_ready 1$/m);
    // It opens nothing else.
    expect(await get(port, '/api/explain', metricsToken)).toMatchObject({ status: 401 });
  });

  it('[OBS-4] without a metricsToken no word but a token of an ADMIN opens them', async () => {
    const { port } = await start();
    for (const word of ['undefined', metricsToken])
      expect(await get(port, '/metrics', word)).toMatchObject({ status: 401 });
  });

  it('[OBS-4] in development they are open, for everybody is ADMIN there', async () => {
    const { port } = await start({ dev: true });
    expect(await get(port, '/metrics')).toMatchObject({ status: 200 });
  });

  it('[OBS-5] a metrics port serves them and the probes, without a token, and nothing else; the main port has them no more', async () => {
    const server = await start({ metricsPort: 0, metricsToken });
    const { port, metricsPort } = server;
    expect(metricsPort).not.toBe(port);
    for (const path of ['/metrics', '/health', '/healthz', '/ready', '/readyz', '/version'])
      expect([path, (await get(metricsPort, path)).status]).toEqual([path, 200]);
    for (const path of ['/api/status', '/api/explain', '/'])
      expect([path, (await get(metricsPort, path)).status]).toEqual([path, 404]);
    expect(await get(port, '/metrics', metricsToken)).toMatchObject({ status: 404 });
    expect(await get(port, '/ready')).toMatchObject({ status: 200 });
    await server.shutdown();
    await expect(get(metricsPort, '/health')).rejects.toThrow();
  });

  it('[OBS-5] a metrics port that is taken ends the start', async () => {
    const { metricsPort } = await start({ metricsPort: 0 });
    await expect(start({ metricsPort })).rejects.toMatchObject({ code: 'PORT_IN_USE' });
    servers.pop();
  });

  it('[OBS-5] a metrics port on the loopback answers under names of this machine alone', async () => {
    const { metricsPort } = await start({ metricsPort: 0 });
    const status = await new Promise((resolve, reject) => {
      const headers = { host: 'rebound.example' };
      request({ host: '127.0.0.1', port: metricsPort, path: '/metrics', headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on('error', reject)
        .end();
    });
    expect(status).toBe(403);
  });
});

describe('Probes of a server', () => {
  it('[OBS-20] a store that refuses a commit turns /ready off until one succeeds; /readyz is about the server alone', async () => {
    const gate = new CommitGate();
    const { port } = await start({ dev: true }, { store: new EmbeddedStore({ folder, gate }) });
    for (let fault = 0; fault < 3; fault++) gate.failNext('failed');
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
    await once(socket, 'open');
    const hello = { clientId: 'writer'.padEnd(22, '-'), sessions: ['writer-----'] };
    socket.send(encode({ type: 'AUTH', versions: [PROTOCOL_VERSION, PROTOCOL_VERSION], ...hello }));
    await once(socket, 'message');
    const rows = [[0, 0, 0, 'milk', (Date.now() - 1000) * 2048, null, 1]] as const;
    const about = { session: 'writer-----', settledBelow: 0, incarnation: 'none', concern: 4 } as const;
    socket.send(encode({ type: 'OPS', ...about, maps: ['todos'], rows }));
    await until(async () => (await get(port, '/ready')).text.includes('STORE_FAILING'));
    expect(await get(port, '/readyz')).toMatchObject({ status: 200 });
    expect((await get(port, '/metrics')).text).toMatch(/^topgun_ready 0$/m);
    await until(async () => (await get(port, '/ready')).status === 200);
    socket.terminate();
  });

  it('[OBS-21] a stuck event loop answers no probe, and says that it is up once it is', async () => {
    const { port } = await start();
    const flags = new Int32Array(new SharedArrayBuffer(8));
    const worker = new Worker(ASKER, { eval: true, workerData: { flags, port } });
    const answers = once(worker, 'message');
    await once(worker, 'online');
    Atomics.store(flags, 0, 1);
    Atomics.notify(flags, 0);
    // The loop is stuck here until the worker has given up waiting for its answer.
    expect(Atomics.wait(flags, 1, 0, 20_000)).not.toBe('timed-out');
    expect(await answers).toEqual([[0, 200]]);
    await worker.terminate();
  });
});

describe('Queries of a server', () => {
  it('[OBS-8] what they cost is told to ADMINs, by shape', async () => {
    const { port } = await start({ dev: true });
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
    await once(socket, 'open');
    const hello = { clientId: 'reader'.padEnd(22, '-'), sessions: ['reader-----'] };
    socket.send(encode({ type: 'AUTH', versions: [PROTOCOL_VERSION, PROTOCOL_VERSION], ...hello }));
    await once(socket, 'message');
    const where = { op: 'eq', path: 'owner', value: 'ann' } as const;
    socket.send(encode({ type: 'QUERY_SUB', query: 'q', map: 'todos', where }));
    await once(socket, 'message');
    const { queries } = JSON.parse((await get(port, '/api/queries')).text) as { queries: object[] };
    expect(queries).toMatchObject([
      { map: 'todos', query: expect.stringMatching(/^eq owner/), results: 1, rowsFound: 0 },
    ]);
    socket.terminate();
    const guarded = await start({ dataDir: folder });
    expect(await get(guarded.port, '/api/queries', await tokenOf(['USER']))).toMatchObject({ status: 403 });
  });
});

describe('Logs of a server', () => {
  // The lines also go to standard output, as they do in a process.
  const logs = async (port: number, query: string): Promise<LogPage> =>
    JSON.parse((await get(port, `/api/logs${query}`, await tokenOf(['ADMIN']))).text) as LogPage;

  it('[OBS-34] the last lines are for ADMINs, page by page', async () => {
    const { port } = await start({ logLevel: 'info' });
    expect(await get(port, '/api/logs')).toMatchObject({ status: 401 });
    expect(await get(port, '/api/logs', await tokenOf(['USER']))).toMatchObject({ status: 403 });
    const { lines, next, lost } = await logs(port, '?after=0');
    expect(lines.map(({ n, msg }) => [n, msg])).toEqual([[1, 'ready']]);
    expect([next, lost]).toEqual([1, 0]);
    expect((await logs(port, '?after=1')).lines).toEqual([]);
    for (const query of ['?after=-1', '?after=x', '?limit=1001', '?waitMs=25001', '?after='])
      expect(await get(port, `/api/logs${query}`, await tokenOf(['ADMIN']))).toMatchObject({ status: 400 });
  });

  it('[OBS-34] an asker who waits is answered by the next line', async () => {
    const { port } = await start({ logLevel: 'info' });
    const { next } = await logs(port, '');
    const waiting = logs(port, `?after=${next}&waitMs=20000`);
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
    await once(socket, 'open');
    const versions = [PROTOCOL_VERSION, PROTOCOL_VERSION] as const;
    const hello = { clientId: 'stranger'.padEnd(22, '-'), sessions: ['stranger---'], token: 'none' };
    socket.send(encode({ type: 'AUTH', versions, ...hello }));
    expect((await waiting).lines).toMatchObject([{ n: next + 1, msg: 'token refused', conn: 1 }]);
    socket.terminate();
  });

  it('[OBS-32] a request is told its id, its own if that is sane, and its line has it', async () => {
    const { port } = await start({ logLevel: 'debug' });
    const ask = async (id?: string): Promise<string | null> =>
      (
        await fetch(`http://127.0.0.1:${port}/version`, {
          headers: id === undefined ? {} : { 'x-request-id': id },
        })
      ).headers.get('x-request-id');
    expect(await ask('order-17.a')).toBe('order-17.a');
    for (const id of [undefined, 'two words', 'x'.repeat(65)])
      expect(await ask(id)).toMatch(/^[\da-f-]{36}$/);
    const line = await until(async () =>
      (await logs(port, '')).lines.find(({ requestId }) => requestId === 'order-17.a'),
    );
    expect(line).toMatchObject({ msg: 'HTTP request', method: 'GET', route: '/version', status: 200 });
    expect((await get(port, '/metrics', await tokenOf(['ADMIN']))).text).toMatch(
      /^topgun_http_requests_total\{route="\/version"\} 4$/m,
    );
  });
});

interface LogPage {
  readonly lines: readonly Record<string, unknown>[];
  readonly next: number;
  readonly lost: number;
}

/** Asks /health once while the loop is stuck and once more when it is not; 0 for no answer. */
const ASKER = `
  const { parentPort, workerData: { flags, port } } = require('node:worker_threads');
  const ask = (ms) =>
    fetch('http://127.0.0.1:' + port + '/health', { signal: AbortSignal.timeout(ms) }).then(
      (response) => response.status,
      () => 0,
    );
  (async () => {
    Atomics.wait(flags, 0, 0);
    const stuck = await ask(200);
    Atomics.store(flags, 1, 1);
    Atomics.notify(flags, 1);
    parentPort.postMessage([stuck, await ask(20_000)]);
  })();`;

/** Asks until there is an answer; the test's deadline ends it. */
async function until<T>(ask: () => Promise<T | false | undefined>): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (answer !== false && answer !== undefined) return answer;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
