import { createServer, request, type Server } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { parseConfig } from '../config/load.js';
import type { ServerConfigInput } from '../config/schema.js';
import { type Visitors, visitorsOf } from '../transport/visitorsOf.js';
import { HttpRouter } from './HttpRouter.js';
import { listen } from './listen.js';
import type { Route } from './Route.js';

let server: Server;
let visitors: Visitors;
let port: number;
afterEach(() => server.close());

const routes: readonly Route[] = [
  {
    method: 'GET',
    path: '/api/who',
    access: 'open',
    answer: ({ remote }) => ({ status: 200, body: remote }),
  },
  { method: 'POST', path: '/api/who', access: 'open', answer: () => ({ status: 200, body: 'written' }) },
  { method: 'GET', path: '/health', access: 'open', answer: () => ({ status: 200, body: 'up' }) },
];

async function open(settings: ServerConfigInput): Promise<void> {
  visitors = visitorsOf(parseConfig(settings));
  const router = new HttpRouter({
    routes,
    principalOf: async (token) => (token === undefined ? undefined : { sub: token, roles: [], claims: {} }),
    loopbackOnly: false,
    watch: {
      begin: () => ({ requestId: 'r', route: 'none', remote: '', answered: () => undefined }),
      failed: (_, error) => {
        throw error;
      },
    },
    visitors,
  });
  server = createServer(router.listener);
  ({ port } = await listen(server, '127.0.0.1', 0));
}

interface Answer {
  readonly status: number | undefined;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

function ask(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ port, path, method, headers, agent: false }, (response) => {
      let body = '';
      response.on('data', (part) => {
        body += String(part);
      });
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body }));
    });
    asked.once('error', reject);
    asked.end();
  });
}

describe('visitors over HTTP', () => {
  it('[NET-4] a page of a listed origin may ask first, and read the answer', async () => {
    await open({ origins: ['https://app.example'] });
    const origin = 'https://app.example';
    const asked = await ask('/api/who', { origin, 'access-control-request-method': 'POST' }, 'OPTIONS');
    expect([asked.status, asked.headers['access-control-allow-methods']]).toEqual([204, 'GET, POST']);
    expect(asked.headers['access-control-allow-headers']).toBe(
      'Authorization, Content-Type, Idempotency-Key, Last-Event-ID',
    );
    const { status, headers } = await ask('/api/who', { origin });
    expect([status, headers['access-control-allow-origin'], headers.vary]).toEqual([200, origin, 'Origin']);
  });

  it('[NET-4] a page of any other may not, and neither may any where none is listed', async () => {
    await open({ origins: ['https://app.example'] });
    const foreign = { origin: 'https://app.example.evil' };
    expect((await ask('/api/who', foreign, 'OPTIONS')).status).toBe(405);
    const { headers } = await ask('/api/who', foreign);
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    server.close();
    await open({});
    expect((await ask('/api/who', { origin: 'https://app.example' })).headers).not.toHaveProperty(
      'access-control-allow-origin',
    );
  });

  it('[NET-5] a page of another origin has nothing changed; its own and programs have', async () => {
    await open({ origins: ['https://app.example'] });
    const post = (headers: Record<string, string>) => ask('/api/who', headers, 'POST');
    expect(await post({ origin: 'https://evil.example' })).toMatchObject({
      status: 403,
      body: '{"code":"DENIED"}',
    });
    expect((await post({ origin: 'null' })).status).toBe(403);
    for (const headers of [{ origin: 'https://app.example' }, { origin: `http://127.0.0.1:${port}` }, {}])
      expect((await post({ host: `127.0.0.1:${port}`, ...headers })).status).toBe(200);
  });

  it('[NET-5] what is no route bears no Vary, so that caches of pages know it again', async () => {
    await open({});
    expect((await ask('/none')).headers).not.toHaveProperty('vary');
    expect((await ask('/api/who')).headers.vary).toBe('Origin');
  });

  it('[NET-6] a route is told the address behind the proxies', async () => {
    await open({ trustedProxies: ['127.0.0.1'] });
    expect((await ask('/api/who', { 'x-forwarded-for': '6.6.6.6, 198.51.100.7' })).body).toBe(
      '"198.51.100.7"',
    );
    server.close();
    await open({});
    expect((await ask('/api/who', { 'x-forwarded-for': '198.51.100.7' })).body).toBe('"127.0.0.1"');
  });

  it('[LMT-12] an address may ask so often, and is told when to come back; probes are always answered', async () => {
    await open({ httpRequestsPerIpMax: 1, trustedProxies: ['127.0.0.1'] });
    const from = (address: string) => ask('/api/who', { 'x-forwarded-for': address });
    for (let i = 0; i < 10; i++) expect((await from('198.51.100.7')).status).toBe(200);
    const refused = await from('198.51.100.7');
    expect(refused.status).toBe(429);
    const { code, retryAfterMs } = JSON.parse(refused.body) as { code: string; retryAfterMs: number };
    expect(code).toBe('RATE');
    expect(retryAfterMs).toBeGreaterThan(0);
    expect(refused.headers['retry-after']).toBe(String(Math.ceil(retryAfterMs / 1000)));
    expect((await from('198.51.100.8')).status).toBe(200);
    expect((await ask('/health', { 'x-forwarded-for': '198.51.100.7' })).status).toBe(200);
    expect(Object.fromEntries(visitors.limits.limitsHit)).toEqual({ httpRequestsPerIp: 1 });
  });

  it('[LMT-12] a principal may ask so often, from wherever', async () => {
    await open({ httpRequestsPerUserMax: 1 });
    for (let i = 0; i < 10; i++) await ask('/api/who', { authorization: 'Bearer ann' });
    expect((await ask('/api/who', { authorization: 'Bearer ann' })).status).toBe(429);
    expect((await ask('/api/who', { authorization: 'Bearer bob' })).status).toBe(200);
    expect(Object.fromEntries(visitors.limits.limitsHit)).toEqual({ httpRequestsPerPrincipal: 1 });
  });
});
