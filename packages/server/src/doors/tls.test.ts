import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, Server } from 'node:http';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { connect, type TLSSocket } from 'node:tls';
import { LIMITS } from '@topgun/protocol';
import { generate } from 'selfsigned';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { ServerCoordinator } from '../ServerCoordinator.js';
import { createLogger } from '../utils/logger.js';
import { createHttp } from './createHttp.js';
import { listen } from './listen.js';

interface Pem {
  readonly cert: string;
  readonly key: string;
}

const pairOf = async (): Promise<Pem> => {
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], {
    keySize: 2048,
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] }],
  });
  return { cert, key };
};

let first: Pem;
let second: Pem;
let folder: string;
const told: unknown[] = [];
const logger = {
  info: (_: object, text: string) => told.push(text),
  error: (_: object, text: string) => told.push(text),
};

beforeAll(async () => {
  [first, second] = await Promise.all([pairOf(), pairOf()]);
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'topgun-tls-'));
  told.length = 0;
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

const files = () => ({ tlsCertFile: join(folder, 'cert.pem'), tlsKeyFile: join(folder, 'key.pem') });
function install({ cert, key }: Pem): ReturnType<typeof files> {
  writeFileSync(files().tlsCertFile, cert);
  writeFileSync(files().tlsKeyFile, key);
  return files();
}

/** A handshake; resolves with the socket, or rejects with the reason. */
async function handshake(port: number, ca: string, options: object = {}): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca, ...options });
  await once(socket, 'secureConnect');
  return socket;
}

interface Answer {
  readonly status: number | undefined;
  readonly headers: NodeJS.Dict<string | string[]>;
}

function get(port: number, path: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ port, host: 'localhost', path, ca: first.cert }, (response) => {
      response.resume();
      resolve({ status: response.statusCode, headers: response.headers });
    });
    asked.once('error', reject);
    asked.end();
  });
}

describe('TLS', () => {
  it('[NET-1] HTTPS and WSS are served on one port, and answers ask browsers to stay with it', async () => {
    const config = {
      ...install(first),
      dev: true,
      host: 'localhost',
      port: 0,
      storage: 'memory',
      logLevel: 'silent',
    } as const;
    const server = new ServerCoordinator(config);
    const { port } = await server.start();
    const { status, headers } = await get(port, '/health');
    expect([status, headers['strict-transport-security']]).toEqual([200, 'max-age=31536000']);
    const socket = new WebSocket(`wss://localhost:${port}/`, { ca: first.cert });
    await once(socket, 'open');
    socket.terminate();
    // Plain HTTP is no TLS.
    await expect(fetch(`http://localhost:${port}/health`)).rejects.toThrow();
    await server.shutdown();
  });

  it('[NET-1] a stream of events is heard over it, and is gone with its client', async () => {
    const config = { ...install(first), port: 0, dev: true, storage: 'memory', logLevel: 'silent' } as const;
    const server = new ServerCoordinator(config);
    const { port } = await server.start();
    const address = { port, host: 'localhost', path: '/events/subscribe?topics=news', ca: first.cert };
    const [stream] = (await once(request(address).end(), 'response')) as [IncomingMessage];
    let text = '';
    stream.setEncoding('utf8').on('error', () => undefined);
    const heard = async (part: string): Promise<void> => {
      while (!text.includes(part)) text += String((await once(stream, 'data'))[0]);
    };
    await heard('connected');
    await server.publish('news', 'good');
    await heard('data: "good"\n\n');
    stream.destroy();
    const stats = { ...address, path: '/events/stats' };
    for (let open = 1; open > 0; ) {
      const [answer] = (await once(request(stats).end(), 'response')) as [IncomingMessage];
      open = ((await json(answer)) as { activeConnections: number }).activeConnections;
    }
    await server.shutdown();
  });

  it('[NET-1] nothing older than TLS 1.2 is spoken', async () => {
    const http = createHttp(install(first), logger);
    const { port } = await listen(http, '127.0.0.1', 0);
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const socket = await handshake(port, first.cert, { minVersion: version, maxVersion: version });
      expect(socket.getProtocol()).toBe(version);
      socket.destroy();
    }
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' };
    await expect(handshake(port, first.cert, old)).rejects.toThrow();
    http.close();
  });

  it('[NET-2] a new certificate holds for new handshakes, and open sockets stay', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const http: Server = createHttp(install(first), logger);
    http.on('request', (_, response) => response.end('here'));
    const { port } = await listen(http, '127.0.0.1', 0);
    const before = await handshake(port, first.cert);
    install(second);
    vi.advanceTimersByTime(LIMITS.certificateLookMs);
    expect(told).toEqual(['the certificate was renewed']);
    (await handshake(port, second.cert)).destroy();
    await expect(handshake(port, first.cert)).rejects.toThrow();
    before.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    expect(String((await once(before, 'data'))[0])).toContain('200 OK');
    before.destroy();
    http.close();
  });

  it('[NET-2] files that do not fit together are not taken, and told of', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const http = createHttp(install(first), logger);
    const { port } = await listen(http, '127.0.0.1', 0);
    install({ cert: second.cert, key: first.key });
    vi.advanceTimersByTime(LIMITS.certificateLookMs);
    expect(told).toEqual(['the certificate was not renewed']);
    (await handshake(port, first.cert)).destroy();
    install(second);
    vi.advanceTimersByTime(LIMITS.certificateLookMs);
    (await handshake(port, second.cert)).destroy();
    http.close();
  });

  it('[NET-1] a start without usable files ends with a reason', () => {
    const config = { dev: true, logLevel: 'silent', storage: 'memory' } as const;
    const code = (settings: object): string => {
      try {
        createHttp({ ...config, ...settings } as never, createLogger('silent'));
        return 'none';
      } catch (error) {
        return (error as { code: string }).code;
      }
    };
    expect(code({ tlsCertFile: install(first).tlsCertFile })).toBe('TLS_INVALID');
    expect(code({ tlsCertFile: join(folder, 'absent'), tlsKeyFile: join(folder, 'absent') })).toBe(
      'TLS_INVALID',
    );
    expect(code(install({ cert: first.cert, key: second.key }))).toBe('TLS_INVALID');
    expect(code(install({ cert: 'no certificate', key: first.key }))).toBe('TLS_INVALID');
    const good = createHttp(install(first), createLogger('silent'));
    expect(good.listening).toBe(false);
    good.close();
  });
});
