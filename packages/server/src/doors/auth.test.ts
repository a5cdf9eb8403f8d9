import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ServerConfigInput } from '../config/schema.js';
import { ServerCoordinator } from '../ServerCoordinator.js';
import { OperatorFile } from '../security/operators/OperatorFile.js';

const secret = 'k3J9vQ2mX7pL0sRt8WzYbN4cD6fH1gAe';
const password = 'correct horse battery';
let folder: string;
let log: string[];
let server: ServerCoordinator;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'topgun-login-'));
  log = [];
  aheadMs = 0;
});
afterEach(async () => {
  await server.shutdown();
  await rm(folder, { recursive: true });
});

/** How far the server's clock is ahead of this process. */
let aheadMs = 0;

async function start(config: ServerConfigInput = {}): Promise<void> {
  server = new ServerCoordinator(
    { port: 0, dataDir: folder, drainMs: 100, jwtSecret: secret, ...config },
    {
      clock: { wallMs: () => Date.now() + aheadMs },
      logger: pino({ level: 'trace' }, { write: (line: string) => log.push(line) }),
    },
  );
  await server.start();
}

const operator = (name: string, text: string): Promise<unknown> =>
  new OperatorFile(join(folder, 'auth', 'operators.json')).put(name, text, ['ADMIN']);

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly headers: Headers;
}

async function ask(path: string, body?: unknown, token?: unknown, method = 'POST'): Promise<Answer> {
  const response = await fetch(`http://127.0.0.1:${server.port}/api/auth/${path}`, {
    method,
    headers: token === undefined ? {} : { authorization: `Bearer ${String(token)}` },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const { status, headers } = response;
  return { status, headers, body: (await response.json()) as Record<string, unknown> };
}

const userToken = (roles: string[], claims: Record<string, unknown> = {}): Promise<string> =>
  new SignJWT({ sub: 'ann', iss: 'topgun', aud: 'topgun', roles, ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuedAt()
    .setExpirationTime('1m')
    .sign(new TextEncoder().encode(secret));

describe('/api/auth', () => {
  it('[AUTH-51] [S003-35] an operator signs in, is somebody, renews and signs out', async () => {
    await operator('ada', password);
    await start();
    expect((await ask('status', undefined, undefined, 'GET')).body).toEqual({ login: true, setup: false });
    const login = await ask('login', { name: 'ada', password });
    expect([login.status, login.body.roles, login.headers.get('cache-control')]).toEqual([
      200,
      ['ADMIN'],
      'no-store',
    ]);
    const { token } = login.body;
    expect((await ask('status', undefined, token, 'GET')).body).toMatchObject({
      user: { sub: 'operator:ada', roles: ['ADMIN'], expiresAt: login.body.expiresAt },
    });
    const renewed = await ask('refresh', undefined, token);
    expect(renewed.status).toBe(200);
    expect((await ask('logout', undefined, token)).body).toEqual({ revoked: true });
    expect((await ask('refresh', undefined, token)).status).toBe(401);
    expect((await ask('refresh', undefined, renewed.body.token)).status).toBe(200);
  });

  it('[AUTH-52] [S003-35] a wrong name and a wrong password are answered alike, then with the time to wait', async () => {
    await operator('ada', password);
    await start();
    const wrong = [
      await ask('login', { name: 'ada', password: 'no' }),
      await ask('login', { name: 'eve', password }),
    ];
    expect(wrong.map(({ status, body }) => [status, body])).toEqual([
      [401, { code: 'AUTH_FAILED' }],
      [401, { code: 'AUTH_FAILED' }],
    ]);
    for (let i = 0; i < 4; i++) await ask('login', { name: 'ada', password: 'no' });
    const limited = await ask('login', { name: 'ada', password });
    expect([limited.status, limited.body.code]).toEqual([429, 'RATE']);
    expect(limited.body.retryAfterMs).toBeGreaterThan(800_000);
    expect(Number(limited.headers.get('retry-after')) * 1000).toBeGreaterThanOrEqual(
      Number(limited.body.retryAfterMs),
    );
  });

  it.each([
    ['no JSON', 'login', '{'],
    ['no object', 'login', '[]'],
    ['a password that is none', 'login', { name: 'ada', password: { length: 20 } }],
    ['more than was asked', 'login', { name: 'ada', password, role: 'ADMIN' }],
    ['too little', 'setup', { token: 'x' }],
  ])('[AUTH-52] %s is 400, and says nothing of what was sent', async (_, path, body) => {
    await start();
    const answer = await ask(path, body);
    expect([answer.status, answer.body.code]).toEqual([400, 'BAD_MESSAGE']);
    expect(JSON.stringify(answer.body)).not.toContain(password);
  });

  it('[AUTH-52] a body of more than 4 KiB is 413', async () => {
    await start();
    expect((await ask('login', { name: 'ada', password: 'x'.repeat(5_000) })).status).toBe(413);
  });

  it('[AUTH-53] the first operator is made with the token of the start, once', async () => {
    await start();
    expect((await ask('status', undefined, undefined, 'GET')).body).toEqual({ login: false, setup: true });
    const token = server.setupToken;
    const short = await ask('setup', { token, name: 'ada', password: 'short' });
    expect([short.status, short.body.code]).toEqual([400, 'OPERATOR_INVALID']);
    expect((await ask('setup', { token: 'guess', name: 'eve', password })).status).toBe(401);
    expect((await ask('setup', { token, name: 'ada', password })).body.roles).toEqual(['ADMIN']);
    expect((await ask('setup', { token, name: 'eve', password })).status).toBe(404);
    expect((await ask('login', { name: 'ada', password })).status).toBe(200);
    await server.shutdown();
    await start();
    expect([server.setupToken, (await ask('login', { name: 'ada', password })).status]).toEqual([
      undefined,
      200,
    ]);
    const text = log.join('');
    for (const hidden of [token, password]) expect(text).not.toContain(hidden);
  });

  it('[AUTH-53] nobody is asked to set up where everybody is let in anyway', async () => {
    await start({ dev: true });
    expect([server.setupToken, (await ask('status', undefined, undefined, 'GET')).body]).toMatchObject([
      undefined,
      { setup: false, user: { sub: 'dev' } },
    ]);
    expect((await ask('setup', { token: '', name: 'ada', password })).status).toBe(404);
  });

  it('[AUTH-43] an ADMIN revokes; nobody else does', async () => {
    await start();
    const [admin, user] = [await userToken(['ADMIN'], { sub: 'root' }), await userToken(['USER'])];
    const what = { sub: 'ann' };
    expect((await ask('revoke', what)).status).toBe(401);
    expect((await ask('revoke', what, user)).status).toBe(403);
    const later = await ask('revoke', { ...what, before: '2999-01-01T00:00:00Z' }, admin);
    expect([later.status, later.body.code]).toEqual([400, 'REVOCATION_INVALID']);
    for (const wrong of [{}, { sub: 'ann', jti: 'x' }, { sub: 'ann', before: 'yesterday' }])
      expect((await ask('revoke', wrong, admin)).status).toBe(400);
    const who = async (): Promise<unknown> => (await ask('status', undefined, user, 'GET')).body.user;
    expect((await ask('revoke', { ...what, before: '2026-01-01T00:00:00+01:00' }, admin)).status).toBe(200);
    expect(await who()).toMatchObject({ sub: 'ann' });
    expect((await ask('revoke', what, admin)).body).toEqual({ revoked: true });
    expect(await who()).toBeUndefined();
  });

  it('[AUTH-50] who is taken from the list, or gets another password, has to sign in again', async () => {
    await operator('ada', password);
    await start();
    const { token } = (await ask('login', { name: 'ada', password })).body;
    await operator('ada', 'another good password');
    // Tokens are issued in whole seconds, and those of this one are spared.
    aheadMs = 1_000;
    await server.reloadKeys();
    expect((await ask('refresh', undefined, token)).status).toBe(401);
    expect((await ask('status', undefined, token, 'GET')).body.user).toBeUndefined();
    expect((await ask('login', { name: 'ada', password })).status).toBe(401);
    expect((await ask('login', { name: 'ada', password: 'another good password' })).status).toBe(200);
  });
});
