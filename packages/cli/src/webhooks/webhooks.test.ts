import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MemoryAdapter, MemoryDisk } from '@topgun/adapters';
import { TopGunClient } from '@topgun/client';
import { MemoryStore, type ServerConfigInput, ServerCoordinator } from '@topgun/server';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runInProcess } from '../../test/runInProcess.js';
import { TEST_SECRET, tokenFor } from '../../test/tokenFor.js';
import { exitCodes } from '../exitCodes.js';

const WAIT = { timeout: 20_000, interval: 10 };
const policies: NonNullable<ServerConfigInput['policies']> = [
  { role: 'user', map: '**', actions: ['READ', 'PUT', 'REMOVE'] },
  { role: 'ADMIN', map: 'orders', actions: ['READ'], fields: ['total'] },
];

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly event: { readonly type: string; readonly data: Record<string, unknown> };
}

let server: ServerCoordinator;
let receiver: Server;
let hook: string;
let received: Received[];
let status: number;
let closing: (() => Promise<unknown>)[];
beforeEach(async () => {
  received = [];
  closing = [];
  status = 204;
  receiver = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (part: string) => {
      body += part;
    });
    request.on('end', () => {
      received.push({ headers: request.headers, event: JSON.parse(body) });
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  hook = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
  server = new ServerCoordinator(
    {
      port: 0,
      logLevel: 'silent',
      drainMs: 50,
      jwtSecret: TEST_SECRET,
      policies,
      webhookNetworks: ['127.0.0.0/8'],
    },
    { store: new MemoryStore() },
  );
  await server.start();
});
afterEach(async () => {
  await Promise.all(closing.map((close) => close()));
  await server.shutdown();
  receiver.closeAllConnections();
  await new Promise((resolve) => receiver.close(resolve));
});

const tokenOf = (role: string): Promise<string> => tokenFor(`the ${role}`, role);

async function ask(
  method: string,
  path: string,
  body?: unknown,
  role: string | undefined = 'ADMIN',
): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> {
  const response = await fetch(`http://127.0.0.1:${server.port}${path}`, {
    method,
    headers: role === undefined ? {} : { authorization: `Bearer ${await tokenOf(role)}` },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function subscribe(order: object = {}): Promise<string> {
  const made = await ask('POST', '/api/webhooks', { url: hook, maps: ['orders'], ...order });
  expect(made).toEqual({
    status: 201,
    body: { id: expect.stringMatching(/^[\da-f]{16}$/), secret: expect.any(String) },
  });
  return String(made.body.id);
}

async function write(key: string, value: unknown): Promise<void> {
  const client = new TopGunClient({
    storage: new MemoryAdapter({ disk: new MemoryDisk() }),
    storeName: `writer of ${key}`,
    serverUrl: `ws://127.0.0.1:${server.port}`,
    token: await tokenOf('user'),
  });
  closing.push(() => client.close());
  await client.getMap('orders').set(key, value).reached('persisted');
}

const run = async (...args: string[]) =>
  runInProcess([...args, '--url', `http://127.0.0.1:${server.port}`, '--token', await tokenOf('ADMIN')]);
const deadId = async (): Promise<string> => {
  const { dead } = (await ask('GET', '/api/webhooks/dead')).body as { dead: { id: string }[] };
  return dead[0]?.id ?? '';
};

describe('webhooks that go out', () => {
  it('[HOOK-20] [HOOK-21] [HOOK-34] tell a real receiver of a write, as who asked for it may see it', async () => {
    const id = await subscribe();
    await write('o1', { total: 7, card: 'TEST_SECRET' });
    await vi.waitFor(() => expect(received).toHaveLength(1), WAIT);
    expect(received[0]).toMatchObject({
      headers: {
        'content-type': 'application/json',
        'webhook-id': expect.stringContaining(`msg_${id}_`),
        'webhook-signature': expect.stringMatching(/^v1,/),
      },
      event: { type: 'record.put', data: { map: 'orders', key: 'o1', value: { total: 7 } } },
    });
    expect(JSON.stringify(received)).not.toContain('TEST_SECRET');
    await vi.waitFor(async () => expect((await run('webhook:list')).out).toContain('waiting  0\n'), WAIT);
    expect((await run('webhook:list')).out).toBe(
      [`${id}  ${hook}`, '  maps     orders', '  sees     what the ADMIN may see', '  waiting  0', ''].join(
        '\n',
      ),
    );
    expect(JSON.parse((await run('webhook:list', '--json')).out)).toMatchObject({
      subscriptions: [{ id, dropped: 0 }],
    });
  });

  it('[HOOK-32] [HOOK-37] an address that is gone is told nothing more until it is enabled; its dead letters can be replayed', async () => {
    const id = await subscribe();
    status = 410;
    await write('o1', { total: 1 });
    await vi.waitFor(async () => expect(await deadId()).not.toBe(''), WAIT);
    await write('o2', { total: 2 });
    expect((await run('webhook:list')).out).toContain(`${id}  ${hook}  gone since 2`);
    const dead = await deadId();
    const listed = (await run('webhook:dead')).out;
    expect(listed).toContain(`${dead}  of 2`);
    expect(listed).toMatch(/ {2}tries {2}1\n {2}fault {2}answered 410\n$/);
    status = 200;
    expect((await ask('POST', `/api/webhooks/${id}/enable`)).status).toBe(200);
    const replayed = await run('webhook:replay', dead);
    expect([replayed.code, replayed.out]).toEqual([exitCodes.ok, `${dead} waits to be sent again.\n`]);
    await vi.waitFor(() => expect(received).toHaveLength(2), WAIT);
    expect(received.map(({ headers }) => headers['webhook-id'])).toEqual([dead, dead]);
    await vi.waitFor(
      async () => expect((await run('webhook:dead')).out).toBe('There are no dead letters.\n'),
      WAIT,
    );
    const again = await run('webhook:replay', dead);
    expect([again.code, again.err]).toEqual([exitCodes.failure, expect.stringContaining('NOT_FOUND')]);
  });

  it('[HOOK-20] a subscription that is deleted tells nothing more', async () => {
    const id = await subscribe();
    expect((await ask('DELETE', `/api/webhooks/${id}`)).status).toBe(200);
    await write('o1', { total: 1 });
    expect((await run('webhook:list')).out).toBe('No address is told of events.\n');
    expect((await ask('DELETE', `/api/webhooks/${id}`)).status).toBe(404);
    expect(received).toEqual([]);
  });

  it('[HOOK-30] a new secret signs beside the old one', async () => {
    const id = await subscribe();
    const { body } = await ask('POST', `/api/webhooks/${id}/secret`);
    expect(body).toEqual({ secret: expect.stringMatching(/^whsec_/) });
    await write('o1', { total: 1 });
    await vi.waitFor(() => expect(received).toHaveLength(1), WAIT);
    expect(String(received[0]?.headers['webhook-signature']).split(' ')).toHaveLength(2);
  });

  it.each([
    [{ url: 'ftp://example.org/' }, 'url'],
    [{ url: 'https://user:password@example.org/' }, 'url'],
    [{ url: 'nonsense' }, 'url'],
    [{ maps: ['a**'] }, 'maps.0'],
    [{ maps: [] }, 'not as it should be'],
    [{ maps: Array.from({ length: 21 }, (_, i) => `m${i}`) }, 'not as it should be'],
    [{ secret: 'whsec_short' }, 'secret'],
    [{ secrets: [] }, 'not as it should be'],
  ])('[HOOK-20] %j is refused', async (part, place) => {
    const answer = await ask('POST', '/api/webhooks', { url: hook, maps: ['orders'], ...part });
    expect([answer.status, answer.body.code]).toEqual([400, 'WEBHOOK_INVALID']);
    expect(answer.body.message).toContain(place);
  });

  it('[HOOK-20] are for an ADMIN alone, and secrets are told once', async () => {
    const id = await subscribe({ secret: `whsec_${'A'.repeat(32)}` });
    for (const [role, answer] of [
      [undefined, 401],
      ['user', 403],
    ] as const)
      for (const [method, path] of [
        ['GET', '/api/webhooks'],
        ['POST', '/api/webhooks'],
        ['GET', '/api/webhooks/dead'],
        ['POST', `/api/webhooks/${id}/secret`],
        ['DELETE', `/api/webhooks/${id}`],
      ] as const) {
        const response = await fetch(`http://127.0.0.1:${server.port}${path}`, {
          method,
          headers: role === undefined ? {} : { authorization: `Bearer ${await tokenOf(role)}` },
        });
        expect([path, response.status]).toEqual([path, answer]);
      }
    expect(JSON.stringify((await ask('GET', '/api/webhooks')).body)).not.toContain('whsec_');
  });
});
