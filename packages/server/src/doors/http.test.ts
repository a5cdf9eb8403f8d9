import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHttpDoor } from './http.js';
import { listen } from './listen.js';
import { StaticFiles } from './staticFiles.js';

let folder: string;
let server: Server;
let port: number;
let notReady: string | undefined;
const failures: unknown[] = [];

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
  const door = createHttpDoor({
    version: '1.2.3',
    notReady: () => notReady,
    metrics: async () => ({ contentType: 'text/plain; version=0.0.4', text: 'topgun_x 1\n' }),
    status: async (token) => {
      if (token === 'explode') throw new Error('a secret detail');
      return { token };
    },
    explain: async (token, query) => ({ status: 418, body: { token, query } }),
    staticFiles: await StaticFiles.create(app),
    loopbackOnly: false,
    onError: (error) => failures.push(error),
  });
  server = createServer(door);
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
    sent.on('error', reject).end();
  });
}

describe('HTTP door', () => {
  it('[OPS-1] /health answers as long as the process lives', async () => {
    notReady = 'DRAINING';
    expect(await get('/health')).toMatchObject({ status: 200, text: '{"status":"up"}' });
    notReady = undefined;
  });

  it('[OPS-2] /ready is 503 with the reason while the server is not ready', async () => {
    expect(await get('/ready')).toMatchObject({ status: 200 });
    notReady = 'DRAINING';
    expect(await get('/ready')).toMatchObject({
      status: 503,
      text: '{"code":"UNAVAILABLE","reason":"DRAINING"}',
    });
    notReady = undefined;
  });

  it('[OPS-3] /version and /metrics answer', async () => {
    expect((await get('/version')).text).toBe('{"version":"1.2.3"}');
    expect(await get('/metrics')).toMatchObject({
      text: 'topgun_x 1\n',
      headers: { 'content-type': 'text/plain; version=0.0.4' },
    });
  });

  it('[QRY-8] /api/explain passes on the bearer token and the query, and answers as it is told', async () => {
    const query = encodeURIComponent('{"map":"todos"}');
    const answer = await get(`/api/explain?query=${query}`, { headers: { authorization: 'Bearer abc' } });
    expect(answer).toMatchObject({ status: 418, text: '{"token":"abc","query":"{\\"map\\":\\"todos\\"}"}' });
    expect((await get('/api/explain')).text).toBe('{"query":""}');
  });

  it('[OPS-4] /api/status passes on the bearer token', async () => {
    expect((await get('/api/status', { headers: { authorization: 'Bearer abc' } })).text).toBe(
      '{"token":"abc"}',
    );
    expect((await get('/api/status', { headers: { authorization: 'Basic abc' } })).text).toBe('{}');
  });

  it('[OPS-5] refusals are JSON with a code and tell nothing of the inside', async () => {
    expect(await get('/api/none')).toMatchObject({ status: 404, text: '{"code":"NOT_FOUND"}' });
    expect(await get('/health', { method: 'POST' })).toMatchObject({
      status: 405,
      text: '{"code":"METHOD_NOT_ALLOWED"}',
      headers: { allow: 'GET, HEAD' },
    });
    expect(await get('/api/status', { headers: { authorization: 'Bearer explode' } })).toMatchObject({
      status: 500,
      text: '{"code":"INTERNAL"}',
    });
    expect(failures).toHaveLength(1);
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
