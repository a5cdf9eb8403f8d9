import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportSPKI, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SecurityManager, type SecuritySettings } from './SecurityManager.js';

const secret = 'k3J9vQ2mX7pL0sRt8WzYbN4cD6fH1gAe';
const nowMs = 1_800_000_000_000;
const nowS = nowMs / 1000;
const base: SecuritySettings = { host: '0.0.0.0', dev: false };

function sign(
  claims: Record<string, unknown>,
  key: string | CryptoKeyPair['privateKey'] = secret,
  header: Record<string, unknown> = {},
): Promise<string> {
  const alg = typeof key === 'string' ? 'HS256' : 'RS256';
  const bytes = typeof key === 'string' ? new TextEncoder().encode(key) : key;
  return new SignJWT({ sub: 'ann', iss: 'topgun', aud: 'topgun', exp: nowS + 60, ...claims })
    .setProtectedHeader({ alg, ...header })
    .sign(bytes);
}

type CryptoKeyPair = Awaited<ReturnType<typeof generateKeyPair>>;

describe('SecurityManager keys', () => {
  it('[OPS-10] without a key and without dev the server does not start', async () => {
    await expect(SecurityManager.create(base)).rejects.toMatchObject({ code: 'AUTH_KEY_INVALID' });
  });

  it.each([
    'short',
    'x'.repeat(64),
    'changeme-changeme-changeme-changeme-0123',
    'your-secret-key-0123456789-abcdefgh',
  ])('[OPS-10] the secret %s is refused', async (jwtSecret) => {
    await expect(SecurityManager.create({ ...base, jwtSecret })).rejects.toMatchObject({
      code: 'AUTH_KEY_INVALID',
    });
  });

  it('[OPS-10] a weak secret is refused in development too', async () => {
    const settings = { host: '127.0.0.1', dev: true, jwtSecret: 'short' };
    await expect(SecurityManager.create(settings)).rejects.toMatchObject({ code: 'AUTH_KEY_INVALID' });
  });

  it('[OPS-11] development mode is refused where other machines can reach it', async () => {
    await expect(
      SecurityManager.create({ host: '0.0.0.0', dev: true, jwtSecret: secret }),
    ).rejects.toMatchObject({
      code: 'DEV_NOT_LOOPBACK',
    });
  });

  it('[OPS-10] a key file that is missing or no public key is named', async () => {
    const missing = { ...base, jwtPublicKeyFile: '/nowhere/key.pem' };
    await expect(SecurityManager.create(missing)).rejects.toMatchObject({
      code: 'AUTH_KEY_INVALID',
      message: /nowhere/,
    });
  });
});

describe('SecurityManager tokens', () => {
  let security: SecurityManager;
  beforeAll(async () => {
    security = await SecurityManager.create({
      ...base,
      jwtSecret: secret,
      jwtIssuer: 'me',
      jwtAudience: 'app',
    });
  });
  const good = { iss: 'me', aud: 'app' };

  it('[AUTH-10] a good token gives its principal', async () => {
    const token = await sign({ ...good, roles: ['USER'], team: 'red' });
    expect(await security.verify(token, nowMs)).toEqual({
      principal: {
        sub: 'ann',
        roles: ['USER'],
        expiresAtMs: nowMs + 60_000,
        claims: { sub: 'ann', exp: nowS + 60, iss: 'me', aud: 'app', roles: ['USER'], team: 'red' },
        keyId: expect.any(String),
      },
    });
  });

  it('[AUTH-11] clocks of issuers may be five seconds ahead, and one audience of several is enough', async () => {
    const token = await sign({ ...good, nbf: nowS + 5, iat: nowS + 5, aud: ['other', 'app'] });
    expect(await security.verify(token, nowMs)).toMatchObject({ principal: { sub: 'ann' } });
  });

  it('[AUTH-12] a token of more than 3,072 characters is not even read', async () => {
    const token = await sign({ ...good, filler: 'x'.repeat(3_000) });
    expect(await security.verify(token, nowMs)).toEqual({ error: 'AUTH_FAILED' });
  });

  it('[AUTH-12] no roles is an empty list', async () => {
    expect(await security.verify(await sign(good), nowMs)).toMatchObject({ principal: { roles: [] } });
  });

  it('[AUTH-10] no token is answered AUTH_REQUIRED', async () => {
    expect(await security.verify(undefined, nowMs)).toEqual({ error: 'AUTH_REQUIRED' });
  });

  it.each<[string, Record<string, unknown>]>([
    ['roles as a string', { roles: 'NOT_ADMIN' }],
    ['roles with a number', { roles: ['USER', 1] }],
    ['an empty sub', { sub: '' }],
    ['no sub', { sub: undefined }],
    ['no exp', { exp: undefined }],
    ['an end in the past', { exp: nowS - 1 }],
    ['an end at this very moment', { exp: nowS }],
    ['an end that is text', { exp: String(nowS + 60) }],
    ['a begin in the future', { nbf: nowS + 10 }],
    ['an issue in the future', { iat: nowS + 10 }],
    ['a life beyond the limit', { iat: nowS - 60, exp: nowS + 8_784 * 3600 }],
    ['an end beyond the limit, and no issue', { exp: nowS + 8_784 * 3600 + 1 }],
    ['no issuer', { iss: undefined }],
    ['no audience', { aud: undefined }],
    ['an empty jti', { jti: '' }],
    ['a jti that is a number', { jti: 7 }],
    ['a sub that is a number', { sub: 7 }],
    ['a sub that is a list', { sub: ['ann'] }],
    ['roles as an object', { roles: { 0: 'ADMIN', length: 1 } }],
    ['another issuer', { iss: 'you' }],
    ['another audience', { aud: 'other' }],
    ['a sub beyond the limit', { sub: 'a'.repeat(300) }],
  ])('[AUTH-10] [AUTH-11] [AUTH-12] a token with %s is refused', async (_, claims) => {
    expect(await security.verify(await sign({ ...good, ...claims }), nowMs)).toEqual({
      error: 'AUTH_FAILED',
    });
  });

  it('[AUTH-1] a token signed with another secret, none at all, or cut is refused', async () => {
    const forged = await sign(good, secret.split('').reverse().join(''));
    const unsigned = new UnsecuredJWT({ sub: 'ann', ...good }).setExpirationTime(nowS + 60).encode();
    for (const token of [forged, unsigned, (await sign(good)).slice(0, -2), 'x', 'a.b.c']) {
      expect(await security.verify(token, nowMs)).toEqual({ error: 'AUTH_FAILED' });
    }
  });

  it.each(['jku', 'x5u', 'jwk', 'x5c', 'crit'])(
    '[AUTH-2] a header %s that would choose the key is refused',
    async (name) => {
      // No library signs with a header that it does not know, so it is put there by hand.
      const [, payload, signature] = (await sign(good)).split('.');
      const header = { alg: 'HS256', [name]: name === 'crit' ? ['exp'] : 'https://evil.example/keys' };
      const token = [Buffer.from(JSON.stringify(header)).toString('base64url'), payload, signature].join('.');
      const reasons: string[] = [];
      await security.verify(token, nowMs, (reason) => reasons.push(reason));
      expect(reasons).toEqual([`The header ${name} is not accepted.`]);
      expect(await security.verify(token, nowMs)).toEqual({ error: 'AUTH_FAILED' });
    },
  );

  it('[AUTH-13] why a token was refused is told to the log, not to the sender', async () => {
    const reasons: string[] = [];
    await security.verify(await sign({ ...good, iss: 'you' }), nowMs, (reason) => reasons.push(reason));
    expect(reasons).toHaveLength(1);
  });
});

describe('SecurityManager RS256', () => {
  let folder: string;
  let pair: CryptoKeyPair;
  let pem: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'topgun-keys-'));
    pair = await generateKeyPair('RS256', { extractable: true });
    pem = await exportSPKI(pair.publicKey);
    await writeFile(join(folder, 'key.pem'), pem);
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('[AUTH-1] a token of the private key is accepted', async () => {
    const security = await SecurityManager.create({ ...base, jwtPublicKeyFile: join(folder, 'key.pem') });
    expect(await security.verify(await sign({}, pair.privateKey), nowMs)).toMatchObject({
      principal: { sub: 'ann' },
    });
  });

  it('[AUTH-1] a token signed HS256 with the public key as its secret is refused', async () => {
    const security = await SecurityManager.create({
      ...base,
      jwtPublicKeyFile: join(folder, 'key.pem'),
      jwtSecret: secret,
    });
    expect(await security.verify(await sign({}, pem), nowMs)).toEqual({ error: 'AUTH_FAILED' });
    expect(await security.verify(await sign({}), nowMs)).toMatchObject({ principal: { sub: 'ann' } });
  });
});

describe('SecurityManager in development', () => {
  it('[OPS-11] who brings no token is the developer; a token is judged all the same', async () => {
    const security = await SecurityManager.create({ host: '127.0.0.1', dev: true, jwtSecret: secret });
    expect(await security.verify(undefined, nowMs)).toMatchObject({
      principal: { sub: 'dev', roles: ['ADMIN'] },
    });
    expect(await security.verify('x', nowMs)).toEqual({ error: 'AUTH_FAILED' });
    expect(await security.verify(await sign({}), nowMs)).toMatchObject({
      principal: { sub: 'ann', roles: [] },
    });
  });
});
