import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serverErrors } from '../errors.js';
import { ServerCoordinator } from '../ServerCoordinator.js';

const ROUTES = ['/', '/index.html', '/a/path/of/the/app', '/health', '/ready', '/version', '/metrics'];
const ALL_ROUTES = [...ROUTES, '/api/status'];

let app: string;
const servers: ServerCoordinator[] = [];

async function start(host: string, dev: boolean): Promise<ServerCoordinator> {
  const rest = { port: 0, storage: 'memory', staticDir: app, logLevel: 'silent' } as const;
  const key = dev ? {} : { jwtSecret: 'k3J9vQ2mX7pL0sRt8WzYbN4cD6fH1gAe' };
  const server = new ServerCoordinator({ ...rest, ...key, host, dev });
  servers.push(server);
  await server.start();
  return server;
}

/** One request to where the server listens, under whatever name `hostHeader` says. */
function get(server: ServerCoordinator, path: string, hostHeader: string, method = 'GET') {
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    const { host } = server.config;
    const headers = { host: hostHeader };
    const sent = request({ host, port: server.port, path, method, agent: false, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    sent.on('error', reject).end();
  });
}

/** The status line that answers bytes as they are. */
function statusOf(server: ServerCoordinator, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(server.port, server.config.host, () => socket.write(bytes));
    socket.once('data', (data) => {
      resolve(data.toString('latin1').split('\r\n')[0] ?? '');
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

describe('HTTP door in development', () => {
  let server: ServerCoordinator;
  beforeAll(async () => {
    app = await mkdtemp(join(tmpdir(), 'topgun-app-'));
    await writeFile(join(app, 'index.html'), '<p>app</p>');
    server = await start('127.0.0.1', true);
  });
  afterAll(async () => {
    for (const each of servers) await each.shutdown();
    await rm(app, { recursive: true });
  });

  it.each(ALL_ROUTES)('[OPS-9] %s is answered under names of this machine', async (path) => {
    for (const host of ['localhost', '127.0.0.1', '127.1.2.3', '[::1]', 'LocalHost']) {
      for (const name of [host, `${host}:${server.port}`])
        expect([name, (await get(server, path, name)).status]).toEqual([name, 200]);
    }
  });

  it.each([...ALL_ROUTES, '/api/none', '/none.js'])('[OPS-9] %s is refused under any other', async (path) => {
    const { remedy } = serverErrors.HOST_REFUSED;
    for (const host of [
      'evil.example',
      'localhost.evil.example',
      'evil.example:localhost',
      '127.0.0.1.evil.example',
      '127.0.0.1@evil.example',
      'xlocalhost',
      '0.0.0.0',
      '192.168.1.2',
      '[::2]',
      '::1',
    ]) {
      const { status, text } = await get(server, path, host);
      expect([host, status, JSON.parse(text)]).toEqual([host, 403, { code: 'HOST_REFUSED', remedy }]);
      expect(await get(server, path, host, 'HEAD')).toEqual({ status: 403, text: '' });
      expect((await get(server, path, host, 'POST')).status).toBe(403);
    }
  });

  it('[OPS-9] the sockets refuse the same names', async () => {
    const upgrade = (host: string): string =>
      `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
    expect(await statusOf(server, upgrade('evil.example'))).toContain(' 403 ');
    expect(await statusOf(server, upgrade('[::1]:8080'))).toContain(' 101 ');
  });

  it('[OPS-9] without a host HTTP/1.1 is malformed, and HTTP/1.0 is no browser', async () => {
    expect(await statusOf(server, 'GET /api/status HTTP/1.1\r\n\r\n')).toContain(' 400 ');
    expect(await statusOf(server, 'GET /api/status HTTP/1.1\r\nHost: \r\n\r\n')).toContain(' 403 ');
    expect(await statusOf(server, 'GET /api/status HTTP/1.0\r\n\r\n')).toContain(' 200 ');
  });

  it('[OPS-9] a server on the IPv6 loopback answers under its address', async () => {
    const six = await start('::1', true);
    expect((await get(six, '/api/status', `[::1]:${six.port}`)).status).toBe(200);
    expect((await get(six, '/api/status', 'evil.example')).status).toBe(403);
  });

  it('[OPS-9] outside development any name is served: tokens guard what is not for all', async () => {
    const open = await start('127.0.0.1', false);
    for (const path of ALL_ROUTES)
      expect((await get(open, path, 'app.example')).status).toBe(path === '/metrics' ? 401 : 200);
  });
});
