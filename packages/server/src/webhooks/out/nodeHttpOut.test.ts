import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { generate } from 'selfsigned';
import { afterEach, describe, expect, it } from 'vitest';
import { addressGuard } from './addressGuard.js';
import { nodeHttpOut } from './nodeHttpOut.js';

describe('the guard of addresses', () => {
  const guard = addressGuard(['10.1.0.0/16', '::1']);

  it.each([
    ...['0.0.0.0', '10.0.0.1', '100.64.0.1', '100.100.100.200', '127.0.0.1', '127.255.255.254'],
    ...['169.254.169.254', '172.16.0.1', '172.31.255.255', '192.0.0.1', '192.168.1.1', '198.18.0.1'],
    ...['192.0.2.1', '198.51.100.1', '203.0.113.1', '224.0.0.1', '255.255.255.255'],
    ...['::', '::ffff:127.0.0.1', '::ffff:10.0.0.1', '::ffff:a00:1', '::7f00:1', '64:ff9b::7f00:1'],
    ...[
      '2002:7f00:1::',
      '2001:0:1::1',
      '2001:db8::1',
      'fc00::1',
      'fd00:ec2::254',
      'fe80::1',
      'fe80::1%eth0',
      'ff02::1',
    ],
  ])('[HOOK-35] refuses %s', (address) => expect(guard(address)).toBe('refused'));

  it.each([
    '8.8.8.8',
    '1.1.1.1',
    '172.32.0.1',
    '100.128.0.1',
    '2606:4700:4700::1111',
    '2a00:1450::1',
    '::ffff:8.8.8.8',
    '::ffff:808:808',
  ])('[HOOK-35] lets %s pass', (address) => expect(guard(address)).toBe('public'));

  it('[HOOK-35] what the setting names is allowed, in every form of it', () => {
    expect(['10.1.2.3', '::ffff:10.1.2.3', '::1', '10.2.0.1'].map(guard)).toEqual([
      'allowed',
      'allowed',
      'allowed',
      'refused',
    ]);
  });
});

interface Received {
  readonly request: IncomingMessage;
  readonly body: string;
}

describe('posting to an address outside', () => {
  const received: Received[] = [];
  const servers: Server[] = [];
  afterEach(() => {
    received.length = 0;
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  /** A receiver on loopback; what it answers is the test's. */
  async function receiver(
    answer: (
      request: IncomingMessage,
      end: (status: number, headers?: Record<string, string>) => void,
    ) => void,
    make: (onRequest: Parameters<typeof createServer>[1]) => Server = (onRequest) =>
      createServer(onRequest ?? (() => undefined)),
  ): Promise<number> {
    const server = make((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (part: string) => {
        body += part;
      });
      request.on('end', () => {
        received.push({ request, body });
        answer(request, (status, headers = {}) =>
          response.writeHead(status, headers).end('x'.repeat(100_000)),
        );
      });
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  }

  const open = nodeHttpOut({ guard: addressGuard(['127.0.0.0/8']) });
  const closed = nodeHttpOut({ guard: addressGuard([]) });
  const post = (out: typeof open, url: string, timeoutMs = 30_000) =>
    out.post(url, { 'webhook-id': 'm1', 'content-type': 'application/json' }, '{"a":"ü"}', timeoutMs);

  it('[HOOK-34] sends body and headers as they are, and takes the status alone', async () => {
    const port = await receiver((_, end) => end(202));
    expect(await post(open, `http://127.0.0.1:${port}/in?x=1`)).toEqual({ status: 202 });
    const [{ request, body } = {}] = received;
    expect([request?.method, request?.url, request?.headers['webhook-id'], body]).toEqual([
      'POST',
      '/in?x=1',
      'm1',
      '{"a":"ü"}',
    ]);
  });

  it('[HOOK-34] follows no redirect', async () => {
    const port = await receiver((_, end) => end(307, { location: '/elsewhere' }));
    expect(await post(open, `http://127.0.0.1:${port}/`)).toEqual({ status: 307 });
    expect(received).toHaveLength(1);
  });

  it('[HOOK-34] an answer that does not come is a failure when the time is up, and so is a name that does not resolve in time', async () => {
    const port = await receiver(() => undefined);
    expect(await post(open, `http://127.0.0.1:${port}/`, 50)).toEqual({ fault: 'no answer within 50 ms' });
    const silent = nodeHttpOut({ guard: () => 'public', resolve: () => new Promise(() => undefined) });
    expect(await post(silent, 'https://example.org/', 50)).toEqual({ fault: 'no answer within 50 ms' });
  });

  it.each([
    'http://127.0.0.1',
    'http://127.1',
    'http://2130706433',
    'http://0x7f000001',
    'http://[::1]',
    'http://[::ffff:127.0.0.1]',
    'https://localhost',
  ])('[HOOK-35] %s is refused without a connection', async (address) => {
    const port = await receiver((_, end) => end(200));
    expect(await post(closed, `${address}:${port}/`)).toEqual({
      fault: 'the address is of a network that is not public',
    });
    expect(received).toEqual([]);
  });

  it('[HOOK-35] one address of a name that may not be reached is enough to refuse it', async () => {
    const port = await receiver((_, end) => end(200));
    const mixed = nodeHttpOut({ guard: addressGuard([]), resolve: async () => ['8.8.8.8', '127.0.0.1'] });
    expect(await post(mixed, `https://example.org:${port}/`)).toMatchObject({
      fault: expect.stringContaining('not public'),
    });
    const none = nodeHttpOut({ guard: addressGuard([]), resolve: async () => [] });
    expect(await post(none, 'https://example.org/')).toEqual({ fault: 'the name has no address' });
  });

  it('[HOOK-35] a name is resolved once: what it says a moment later does not matter', async () => {
    const port = await receiver((_, end) => end(200));
    let asked = 0;
    const rebinding = nodeHttpOut({
      guard: addressGuard(['127.0.0.1']),
      resolve: async () => (asked++ === 0 ? ['127.0.0.1'] : ['127.0.0.2']),
    });
    // The system does not know this name: whoever asks again gets no connection.
    expect(await post(rebinding, `http://rebinding.invalid:${port}/`)).toEqual({ status: 200 });
    expect([asked, received[0]?.request.headers.host]).toEqual([1, `rebinding.invalid:${port}`]);
  });

  it('[HOOK-35] plain http goes to allowed networks alone', async () => {
    const out = nodeHttpOut({ guard: () => 'public', resolve: async () => ['127.0.0.1'] });
    expect(await post(out, 'http://example.org/')).toEqual({ fault: 'the address is not https' });
  });

  it('[HOOK-34] a certificate that nobody vouches for, and a port where nobody listens, are failures', async () => {
    const { cert, private: key } = await generate([{ name: 'commonName', value: 'example.org' }], {});
    const port = await receiver(
      (_, end) => end(200),
      (onRequest) => createSecureServer({ cert, key }, onRequest) as unknown as Server,
    );
    expect(await post(open, `https://127.0.0.1:${port}/`)).toEqual({
      fault: expect.stringMatching(/SELF_SIGNED|VERIFY/),
    });
    expect(received).toEqual([]);
    // Of those below 1024 the system gives none to whoever asks for any.
    expect(await post(open, 'http://127.0.0.1:1/')).toEqual({ fault: 'ECONNREFUSED' });
  });
});
