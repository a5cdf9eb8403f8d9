import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HttpRouter } from './HttpRouter.js';
import { listen } from './listen.js';
import { probeRoutes } from './probes.js';
import { type NotReady, Readiness } from './Readiness.js';
import { HttpRefusal, type Route } from './Route.js';
import { StaticFiles } from './staticFiles.js';

const FACTS = {
  nodeId: 'node-1',
  version: '1.2.3',
  uptimeMs: 12_345,
  connections: 3,
  redis: 'down',
} as const;

let folder: string;
let server: Server;
let port: number;
let notReady: NotReady | undefined;
const failures: unknown[] = [];

const testRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/api/who',
    access: 'open',
    answer: ({ principal }) => told({ sub: principal?.sub }),
  },
  {
    method: 'GET',
    path: '/api/mine',
    access: 'user',
    answer: ({ principal }) => told({ sub: principal?.sub }),
  },
  { method: 'GET', path: '/api/secret', access: 'admin', answer: () => told('for admins') },
  {
    method: 'GET',
    path: '/api/broken',
    access: 'open',
    answer: () => {
      throw new Error('a secret detail');
    },
  },
  {
    method: 'GET',
    path: '/api/told',
    access: 'open',
    answer: () => {
      throw new HttpRefusal(409, { code: 'TAKEN', remedy: 'Take another.' });
    },
  },
  {
    method: 'POST',
    path: '/api/echo',
    access: 'open',
    answer: async (request) => told(await request.json(64)),
  },
  { method: 'PUT', path: '/api/echo', access: 'open', answer: () => told('put') },
  { method: 'GET', path: '/api/tree/*', access: 'open', answer: ({ rest }) => told({ tree: rest }) },
  { method: 'GET', path: '/api/tree/deep/*', access: 'open', answer: ({ rest }) => told({ deep: rest }) },
  {
    method: 'GET',
    path: '/api/lines',
    access: 'open',
    answer: ({ query }) => ({
      status: 200,
      contentType: 'application/x-ndjson',
      content: lines(Number(query.get('count'))),
    }),
  },
];

function told(body: unknown): { status: number; body: unknown } {
  return { status: 200, body };
}

async function* lines(count: number): AsyncGenerator<string> {
  for (let line = 0; line < count; line++) yield `${line}\n`;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'topgun-http-'));
  const app = join(folder, 'app');
  await mkdir(join(app, 'assets'), { recursive: true });
  await writeFile(join(app, 'index.html'), '<p>app</p>');
  await writeFile(join(app, 'assets', 'main-Ab12Cd34.js'), 'let a;');
  await writeFile(join(folder, 'secret.txt'), 'secret');
  await mkdir(join(folder, 'app-other'));
  await writeFile(join(folder, 'app-other', 'x.txt'), 'secret');
  await symlink(join(folder, 'secret.txt'), join(app, 'link.txt'));
  const router = new HttpRouter({
    routes: [
      ...probeRoutes({
        facts: () => FACTS,
        pending: () => ({ ops: 5, bytes: 60 }),
        readiness: new Readiness(() => notReady ?? 'READY'),
      }),
      ...testRoutes,
    ],
    principalOf: async (token) => {
      if (token === 'later') return 'unknown yet';
      if (token === undefined || token === 'forged') return undefined;
      return { sub: token, roles: token === 'root' ? ['ADMIN'] : [], claims: {} };
    },
    staticFiles: await StaticFiles.create(app),
    loopbackOnly: false,
    watch: {
      begin: () => ({ requestId: 'r', route: 'none', remote: '', answered: () => undefined }),
      failed: (_, error) => failures.push(error),
    },
  });
  server = createServer(router.listener);
  ({ port } = await listen(server, '127.0.0.1', 0));
});
afterAll(async () => {
  server.close();
  await rm(folder, { recursive: true });
});

/** Sends the path as it is; fetch would tidy it up. */
function get(
  path: string,
  options: { method?: string; headers?: Record<string, string> } = {},
  body?: string,
): Promise<{ status: number; text: string; headers: Record<string, unknown> }> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, agent: false, ...options }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text, headers: response.headers }),
      );
    });
    sent.on('error', reject).end(body);
  });
}

describe('HttpRouter', () => {
  it('[OPS-1] /health answers as long as the process lives', async () => {
    notReady = 'DRAINING';
    expect(await get('/health')).toMatchObject({ status: 200 });
    expect((await get('/healthz')).text).toBe('{"status":"ok"}');
    notReady = undefined;
  });

  it('[OBS-23] [S003-34] [S004-22] /health says which server it is and what it has', async () => {
    expect(JSON.parse((await get('/health')).text)).toEqual({
      status: 'ok',
      version: '1.2.3',
      node_id: 'node-1',
      uptime_seconds: 12,
      redis_connected: false,
      active_connections: 3,
    });
  });

  it('[OBS-23] [S004-23] /ready says what it rests on, and stays ready without the bus', async () => {
    const checks = { database: 'up', redis: 'down', cluster_mode: true };
    const told = { checks, degraded: true, pending: { ops: 5, bytes: 60 } };
    expect(JSON.parse((await get('/ready')).text)).toEqual({ status: 'ready', ...told });
    notReady = 'STORE_FAILING';
    const failing = await get('/ready');
    expect([failing.status, JSON.parse(failing.text).checks]).toEqual([503, { ...checks, database: 'down' }]);
    notReady = undefined;
  });

  it('[OPS-2] [BRG-31] /ready is 503 with the reason while the server is not ready', async () => {
    expect(await get('/ready')).toMatchObject({ status: 200 });
    notReady = 'DRAINING';
    expect(await get('/ready')).toMatchObject({
      status: 503,
      text: expect.stringContaining('{"status":"draining","code":"UNAVAILABLE","reason":"DRAINING"'),
    });
    notReady = undefined;
  });

  it('[OPS-3] /version answers', async () => {
    expect((await get('/version')).text).toBe('{"version":"1.2.3"}');
  });

  it('[OBS-22] every probe answers HEAD as it answers GET, without a body', async () => {
    for (const path of ['/health', '/healthz', '/ready', '/readyz', '/version'])
      expect([path, await get(path, { method: 'HEAD' })]).toMatchObject([path, { status: 200, text: '' }]);
    notReady = 'FAILED';
    for (const path of ['/ready', '/readyz'])
      expect([path, await get(path, { method: 'HEAD' })]).toMatchObject([path, { status: 503, text: '' }]);
    notReady = undefined;
  });

  it('[OPS-14] a route says who may ask: anybody, a valid token, the role ADMIN', async () => {
    const as = (token: string): { headers: Record<string, string> } => ({
      headers: { authorization: `Bearer ${token}` },
    });
    expect((await get('/api/who', as('ann'))).text).toBe('{"sub":"ann"}');
    expect((await get('/api/who', as('forged'))).text).toBe('{}');
    expect((await get('/api/who', { headers: { authorization: 'Basic ann' } })).text).toBe('{}');
    expect(await get('/api/mine')).toMatchObject({ status: 401, text: '{"code":"AUTH_REQUIRED"}' });
    expect(await get('/api/mine', as('forged'))).toMatchObject({
      status: 401,
      text: '{"code":"AUTH_FAILED"}',
    });
    expect(await get('/api/mine', as('ann'))).toMatchObject({ status: 200, text: '{"sub":"ann"}' });
    // Who has a good token must not be told that it is none.
    expect((await get('/api/who', as('later'))).text).toBe('{}');
    expect(await get('/api/mine', as('later'))).toMatchObject({
      status: 503,
      text: '{"code":"UNAVAILABLE"}',
      headers: { 'retry-after': '1' },
    });
    expect(await get('/api/secret')).toMatchObject({ status: 401 });
    expect(await get('/api/secret', as('ann'))).toMatchObject({ status: 403, text: '{"code":"DENIED"}' });
    expect(await get('/api/secret', as('root'))).toMatchObject({ status: 200, text: '"for admins"' });
  });

  it('[OPS-5] refusals are JSON with a code and tell nothing of the inside', async () => {
    expect(await get('/api/none')).toMatchObject({ status: 404, text: '{"code":"NOT_FOUND"}' });
    expect(await get('/health', { method: 'POST' })).toMatchObject({
      status: 405,
      text: '{"code":"METHOD_NOT_ALLOWED"}',
      headers: { allow: 'GET, HEAD' },
    });
    expect(await get('/api/echo')).toMatchObject({ status: 405, headers: { allow: 'POST, PUT' } });
    expect(await get('/api/broken')).toMatchObject({ status: 500, text: '{"code":"INTERNAL"}' });
    expect(failures).toHaveLength(1);
    expect(await get('/api/told')).toMatchObject({
      status: 409,
      text: '{"code":"TAKEN","remedy":"Take another."}',
    });
  });

  it('[OPS-15] a body has a limit, told before it is read where it can be', async () => {
    const post = (body: string, headers: Record<string, string> = {}): ReturnType<typeof get> =>
      get('/api/echo', { method: 'POST', headers }, body);
    expect(await post('{"a":1}')).toMatchObject({ status: 200, text: '{"a":1}' });
    expect(await post('{"a":')).toMatchObject({ status: 400 });
    expect(await post(JSON.stringify('x'.repeat(70)))).toMatchObject({ status: 413 });
    const chunked = { 'transfer-encoding': 'chunked' };
    expect(await post(JSON.stringify('x'.repeat(70)), chunked)).toMatchObject({ status: 413 });
    expect(failures).toHaveLength(1);
  });

  it('[OPS-16] a path that ends in /* answers all below it, the longest first', async () => {
    expect((await get('/api/tree/a/b?c=d')).text).toBe('{"tree":"a/b"}');
    expect((await get('/api/tree/deep/a')).text).toBe('{"deep":"a"}');
    expect(await get('/api/tree')).toMatchObject({ status: 404 });
  });

  it('[OPS-16] an answer can be a stream', async () => {
    expect(await get('/api/lines?count=3')).toMatchObject({
      text: '0\n1\n2\n',
      headers: { 'content-type': 'application/x-ndjson' },
    });
    expect(await get('/api/lines?count=3', { method: 'HEAD' })).toMatchObject({ status: 200, text: '' });
  });

  it('[OPS-5] security headers stand on every answer', async () => {
    for (const path of ['/', '/health', '/api/none']) {
      const { headers } = await get(path);
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
      });
      expect(headers['content-security-policy']).toContain("default-src 'self'");
    }
  });

  it('[OPS-6] files come with type, tag and caching; a known tag gets 304', async () => {
    const asset = await get('/assets/main-Ab12Cd34.js');
    expect(asset).toMatchObject({
      status: 200,
      text: 'let a;',
      headers: {
        'content-type': 'text/javascript; charset=utf-8',
        'cache-control': expect.stringContaining('immutable'),
      },
    });
    expect(await get('/', {})).toMatchObject({
      headers: { 'cache-control': 'no-cache', 'content-type': 'text/html; charset=utf-8' },
    });
    const etag = String(asset.headers.etag);
    expect(await get('/assets/main-Ab12Cd34.js', { headers: { 'if-none-match': etag } })).toMatchObject({
      status: 304,
      text: '',
    });
    expect(await get('/assets/main-Ab12Cd34.js', { method: 'HEAD' })).toMatchObject({
      status: 200,
      text: '',
    });
  });

  it('[OPS-6] paths of the app without a file get the app; missing files do not', async () => {
    expect(await get('/lists/today')).toMatchObject({ status: 200, text: '<p>app</p>' });
    expect(await get('/assets/gone.js')).toMatchObject({ status: 404 });
  });

  it.each([
    '/../secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e/secret.txt',
    '/assets/../../secret.txt',
    '/../app-other/x.txt',
    '/link.txt',
    '/%00.txt',
    '/%zz.txt',
    '//etc/passwd.txt',
    '/..\\secret.txt',
  ])('[OPS-7] %s does not leave the folder', async (path) => {
    const { status, text } = await get(path);
    expect(text).not.toContain('secret"');
    expect(text).not.toBe('secret');
    expect(status).toBe(404);
  });

  it('[OPS-8] a port in use is a typed error that names it', async () => {
    await expect(listen(createServer(), '127.0.0.1', port)).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      message: expect.stringContaining(String(port)),
    });
    await expect(listen(createServer(), '203.0.113.9', 0)).rejects.toMatchObject({ code: 'LISTEN_FAILED' });
  });

  it('[OPS-8] a folder without an app is a typed error', async () => {
    await expect(StaticFiles.create(join(folder, 'none'))).rejects.toMatchObject({ code: 'STATIC_MISSING' });
  });
});
