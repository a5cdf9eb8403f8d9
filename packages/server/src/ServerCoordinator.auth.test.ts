import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode, PROTOCOL_VERSION, type ServerMessage } from '@topgun/protocol';
import { decodeTurn } from '@topgun/protocol/device';
import { SignJWT } from 'jose';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { ServerConfigInput } from './config/schema.js';
import { ServerCoordinator } from './ServerCoordinator.js';

/** A server as a process runs it, and bare sockets with tokens. */
const secret = 'k3J9vQ2mX7pL0sRt8WzYbN4cD6fH1gAe';
const next = 'zX8cV5bN2mA9sD6fG3hJ0kL7qW4eR1tY';
let folder: string;
let log: string[];
const servers: ServerCoordinator[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'topgun-auth-'));
  log = [];
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.shutdown();
  await rm(folder, { recursive: true });
});

async function startServer(config: ServerConfigInput = { jwtSecret: secret }): Promise<ServerCoordinator> {
  const server = new ServerCoordinator(
    { port: 0, dataDir: folder, drainMs: 100, ...config },
    { logger: pino({ level: 'trace' }, { write: (line: string) => log.push(line) }) },
  );
  servers.push(server);
  await server.start();
  return server;
}

function tokenOf(claims: Record<string, unknown> = {}, key = secret): Promise<string> {
  return new SignJWT({ sub: 'ann', iss: 'topgun', aud: 'topgun', ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuedAt()
    .setExpirationTime('1m')
    .sign(new TextEncoder().encode(key));
}

class Socket {
  readonly ws: WebSocket;
  readonly received: ServerMessage[] = [];
  readonly closed: Promise<number>;
  #heard: () => void = () => undefined;

  constructor(ws: WebSocket) {
    this.ws = ws;
    this.closed = new Promise((resolve) => ws.once('close', resolve));
    ws.on('message', (data) => {
      for (const decoded of decodeTurn(data as Buffer)) if (decoded.ok) this.received.push(decoded.message);
      this.#heard();
    });
  }

  auth(token?: string): void {
    const versions = [PROTOCOL_VERSION, PROTOCOL_VERSION] as const;
    const clientId = 'c'.repeat(22);
    this.ws.send(encode({ type: 'AUTH', versions, clientId, sessions: [], ...(token && { token }) }));
  }

  async take(type: ServerMessage['type']): Promise<ServerMessage> {
    for (;;) {
      const at = this.received.findIndex((message) => message.type === type);
      if (at >= 0) return this.received.splice(at, 1)[0] as ServerMessage;
      await new Promise<void>((resolve) => {
        this.#heard = resolve;
      });
    }
  }
}

interface Handshake {
  readonly header?: string;
  readonly protocols?: readonly string[];
  readonly path?: string;
}

/** The open socket, or the status that refused it. */
async function shake(server: ServerCoordinator, { header, protocols = [], path = '/' }: Handshake) {
  const headers = header === undefined ? {} : { authorization: header };
  const ws = new WebSocket(`ws://127.0.0.1:${server.port}${path}`, [...protocols], { headers });
  const socket = new Socket(ws);
  return new Promise<Socket | number>((resolve, reject) => {
    ws.once('open', () => resolve(socket));
    ws.once('unexpected-response', (_, response: IncomingMessage) => {
      ws.terminate();
      resolve(response.statusCode ?? 0);
    });
    ws.once('error', reject);
  });
}

async function opened(server: ServerCoordinator, handshake: Handshake): Promise<Socket> {
  const socket = await shake(server, handshake);
  if (typeof socket === 'number') throw new Error(`The handshake was answered ${socket}.`);
  return socket;
}

describe('how a token arrives', () => {
  it('[AUTH-20] in the header or as a subprotocol, which is not sent back; AUTH then needs none', async () => {
    const server = await startServer();
    const token = await tokenOf();
    const protocols = ['topgun', `topgun.bearer.${token}`];
    for (const handshake of [{ header: `Bearer ${token}` }, { protocols }]) {
      const socket = await opened(server, handshake);
      expect(socket.ws.protocol).toBe('protocols' in handshake ? 'topgun' : '');
      socket.auth();
      expect(await socket.take('AUTH_ACK')).toMatchObject({ userId: 'ann' });
    }
  });

  it('[AUTH-20] one that AUTH names is the one that counts', async () => {
    const server = await startServer();
    const socket = await opened(server, { header: `Bearer ${await tokenOf()}` });
    socket.auth('x.y.z');
    expect(await socket.closed).toBe(4401);
  });

  it('[AUTH-21] a bad one opens no socket', async () => {
    const server = await startServer();
    const [good, other] = [await tokenOf(), await tokenOf({ sub: 'ben' })];
    const bad: Handshake[] = [
      { header: 'Bearer x.y.z' },
      { header: 'Bearer' },
      { header: `Bearer ${await tokenOf({}, next)}` },
      { protocols: ['topgun', 'topgun.bearer.x.y.z'] },
      { header: `Bearer ${good}`, protocols: ['topgun', `topgun.bearer.${other}`] },
    ];
    for (const handshake of bad) expect(await shake(server, handshake)).toBe(401);
    expect(server.stats()?.connections).toBe(0);
  });

  it('[AUTH-21] one that cannot be judged now is 503', async () => {
    const server = await startServer({ jwksUrl: 'http://127.0.0.1:9/keys' });
    const token = await tokenOf().then((text) =>
      text.replace(/^[^.]+/, Buffer.from('{"alg":"RS256","kid":"1"}').toString('base64url')),
    );
    expect(await shake(server, { header: `Bearer ${token}` })).toBe(503);
  });

  it('[AUTH-22] [AUTH-13] in the address it is not seen, and no token ever reaches the log', async () => {
    const server = await startServer();
    const [good, bad] = [await tokenOf(), await tokenOf({}, next)];
    const socket = await opened(server, { path: `/?token=${good}&access_token=${good}` });
    socket.auth();
    expect(await socket.closed).toBe(4401);
    await shake(server, { header: `Bearer ${bad}` });
    (await opened(server, { header: `Bearer ${good}` })).auth(bad);
    await fetch(`http://127.0.0.1:${server.port}/api/status?token=${good}`, {
      headers: { authorization: `Bearer ${bad}` },
    });
    await server.shutdown();
    const text = log.join('');
    expect(text).toContain('token refused');
    for (const part of [...good.split('.'), ...bad.split('.'), secret]) {
      // The header is the same in all tokens and no secret.
      if (part.length > 30) expect(text).not.toContain(part);
    }
  });
});

describe('a server that runs', () => {
  it('[AUTH-40] [AUTH-41] revokes for good: the session ends, the token stays bad, also after a restart', async () => {
    const server = await startServer();
    const token = await tokenOf({ jti: 'phone' });
    const socket = await opened(server, { header: `Bearer ${token}` });
    socket.auth();
    await socket.take('AUTH_ACK');
    await server.revoke({ jti: 'phone' });
    expect([await socket.closed, socket.received.at(-1)]).toMatchObject([4401, { code: 'AUTH_FAILED' }]);
    await server.shutdown();
    const again = await startServer();
    expect(await shake(again, { header: `Bearer ${token}` })).toBe(401);
    expect(await shake(again, { header: `Bearer ${await tokenOf({ jti: 'laptop' })}` })).toBeInstanceOf(
      Socket,
    );
  });

  it('[AUTH-6] [AUTH-7] takes other keys in, and asks sessions of the old one to renew', async () => {
    const jwtSecretFile = join(folder, 'secret');
    await writeFile(jwtSecretFile, secret);
    const server = await startServer({ jwtSecretFile });
    const socket = await opened(server, {});
    socket.auth(await tokenOf());
    await socket.take('AUTH_ACK');

    await writeFile(jwtSecretFile, 'short');
    await expect(server.reloadKeys()).rejects.toMatchObject({ code: 'AUTH_KEY_INVALID' });
    await writeFile(jwtSecretFile, next);
    await server.reloadKeys();
    expect(await socket.take('ERROR')).toMatchObject({ code: 'AUTH_EXPIRED' });
    socket.auth(await tokenOf({}, next));
    expect(await socket.take('AUTH_ACK')).toMatchObject({ userId: 'ann' });
    expect(await shake(server, { header: `Bearer ${await tokenOf()}` })).toBe(401);
  });

  it('[AUTH-40] before its start it revokes nothing', () => {
    const server = new ServerCoordinator({ storage: 'memory', jwtSecret: secret });
    expect(() => server.revoke({ jti: 'x' })).toThrow(expect.objectContaining({ code: 'SERVER_STATE' }));
    return server.shutdown();
  });
});
