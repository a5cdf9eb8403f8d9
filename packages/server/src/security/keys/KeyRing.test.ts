import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, exportPKCS8, exportSPKI, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SecurityManager, type SecuritySettings } from '../SecurityManager.js';
import type { KeyEntry } from './configuredKeys.js';
import type { Algorithm } from './TokenKey.js';

type Signer = Awaited<ReturnType<typeof generateKeyPair>>['privateKey'] | Uint8Array;

const nowMs = 1_800_000_000_000;
const nowS = nowMs / 1000;
const base: SecuritySettings = { host: '0.0.0.0', dev: false };
const secrets = ['k3J9vQ2mX7pL0sRt8WzYbN4cD6fH1gAe', 'zX8cV5bN2mA9sD6fG3hJ0kL7qW4eR1tY'];
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

let folder: string;
const pems = new Map<Algorithm, string>();
const signers = new Map<Algorithm, Signer>();
const file = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'topgun-keys-'));
  for (const alg of ['RS256', 'ES256', 'EdDSA'] as const) {
    const pair = await generateKeyPair(alg, { extractable: true });
    pems.set(alg, await exportSPKI(pair.publicKey));
    signers.set(alg, pair.privateKey);
    await writeFile(file(`${alg}.pem`), await exportSPKI(pair.publicKey));
    await writeFile(file(`${alg}.private.pem`), await exportPKCS8(pair.privateKey));
  }
  await writeFile(file('a.secret'), `${secrets[0]}\n`);
  await writeFile(file('b.secret'), secrets[1] ?? '');
});
afterAll(() => rm(folder, { recursive: true }));

function token(signer: Signer | undefined, alg: string, kid?: string, claims = {}): Promise<string> {
  if (signer === undefined) throw new Error('There is no such signer.');
  return new SignJWT({ sub: 'ann', iss: 'topgun', aud: 'topgun', exp: nowS + 60, ...claims })
    .setProtectedHeader({ alg, ...(kid !== undefined && { kid }) })
    .sign(signer);
}

const accepts = async (security: SecurityManager, text: string): Promise<boolean> =>
  'principal' in (await security.verify(text, nowMs));

const entries: readonly KeyEntry[] = [
  { kid: 'hs-1', alg: 'HS256', secretFile: 'a.secret' },
  { kid: 'hs-2', alg: 'HS256', secretFile: 'b.secret' },
  { kid: 'rs', alg: 'RS256', publicKeyFile: 'RS256.pem' },
  { kid: 'es', alg: 'ES256', publicKeyFile: 'ES256.pem' },
  { kid: 'ed', alg: 'EdDSA', publicKeyFile: 'EdDSA.pem' },
];
const inFolder = (keys: readonly KeyEntry[]): readonly KeyEntry[] =>
  keys.map(({ secretFile, publicKeyFile, ...key }) => ({
    ...key,
    ...(secretFile !== undefined && { secretFile: file(secretFile) }),
    ...(publicKeyFile !== undefined && { publicKeyFile: file(publicKeyFile) }),
  }));

describe('keys of the settings', () => {
  it('[AUTH-1] every algorithm checks the tokens of its key, and no other key does', async () => {
    const security = await SecurityManager.create({ ...base, keys: inFolder(entries) });
    const good: [string, Signer | undefined, string][] = [
      ['hs-1', bytes(secrets[0] ?? ''), 'HS256'],
      ['hs-2', bytes(secrets[1] ?? ''), 'HS256'],
      ['rs', signers.get('RS256'), 'RS256'],
      ['es', signers.get('ES256'), 'ES256'],
      ['ed', signers.get('EdDSA'), 'EdDSA'],
    ];
    for (const [kid] of good) {
      for (const [owner, signer, alg] of good)
        expect([kid, owner, await accepts(security, await token(signer, alg, kid))]).toEqual([
          kid,
          owner,
          kid === owner,
        ]);
    }
  });

  it.each<Algorithm>(['RS256', 'ES256', 'EdDSA'])(
    '[AUTH-1] the public key of %s is no secret of HS256, whatever kid it is given',
    async (alg) => {
      const jwtPublicKeyFile = file(`${alg}.pem`);
      const security = await SecurityManager.create({ ...base, jwtPublicKeyFile, jwtSecret: secrets[0] });
      expect(await accepts(security, await token(signers.get(alg), alg))).toBe(true);
      for (const kid of [undefined, 'x', jwtPublicKeyFile])
        expect(await accepts(security, await token(bytes(pems.get(alg) ?? ''), 'HS256', kid))).toBe(false);
    },
  );

  it('[AUTH-2] a kid is a name and nothing else', async () => {
    const security = await SecurityManager.create({ ...base, keys: inFolder(entries) });
    const signer = bytes(secrets[0] ?? '');
    const kids = ['a.secret', file('a.secret'), '../a.secret', '__proto__', 'constructor', '', "' OR 1=1 --"];
    for (const kid of [...kids, 'x'.repeat(300)])
      expect([kid, await accepts(security, await token(signer, 'HS256', kid))]).toEqual([kid, false]);
    // Two keys of the algorithm: it does not say which.
    expect(await accepts(security, await token(signer, 'HS256'))).toBe(false);
  });

  it('[AUTH-2] a key without a name checks what names no key that is known', async () => {
    const keys = inFolder([{ kid: 'next', alg: 'HS256', secretFile: 'b.secret' }]);
    const security = await SecurityManager.create({ ...base, jwtSecret: secrets[0], keys });
    const [old, next] = secrets.map(bytes);
    for (const kid of [undefined, 'whatever'])
      expect(await accepts(security, await token(old, 'HS256', kid))).toBe(true);
    expect(await accepts(security, await token(next, 'HS256', 'next'))).toBe(true);
    expect(await accepts(security, await token(old, 'HS256', 'next'))).toBe(false);
    expect(await accepts(security, await token(next, 'HS256'))).toBe(false);
  });

  it('[AUTH-2] two secrets without names are both tried', async () => {
    const keys = inFolder([{ alg: 'HS256', secretFile: 'b.secret' }]);
    const security = await SecurityManager.create({ ...base, jwtSecret: secrets[0], keys });
    for (const secret of secrets)
      expect(await accepts(security, await token(bytes(secret), 'HS256'))).toBe(true);
    expect(await accepts(security, await token(bytes('third'.repeat(10)), 'HS256'))).toBe(false);
  });

  it('[AUTH-10] a key may have an issuer and an audience of its own', async () => {
    const own = { issuer: 'https://id.example', audience: 'app' };
    const keys = inFolder([{ kid: 'rs', alg: 'RS256', publicKeyFile: 'RS256.pem', ...own }]);
    const security = await SecurityManager.create({ ...base, jwtSecret: secrets[0], keys });
    const signer = signers.get('RS256');
    const claims = { iss: own.issuer, aud: own.audience };
    expect(await accepts(security, await token(signer, 'RS256', 'rs', claims))).toBe(true);
    expect(await accepts(security, await token(signer, 'RS256', 'rs'))).toBe(false);
    expect(await accepts(security, await token(bytes(secrets[0] ?? ''), 'HS256', undefined, claims))).toBe(
      false,
    );
  });

  it.each<[string, Partial<SecuritySettings>, RegExp]>([
    ['two keys of one name', { keys: [entries[0], entries[0]] as KeyEntry[] }, /named hs-1/],
    ['a secret for RS256', { keys: [{ alg: 'RS256', secretFile: 'a.secret' }] }, /RS256 needs/],
    ['a public key for HS256', { keys: [{ alg: 'HS256', publicKeyFile: 'RS256.pem' }] }, /HS256 needs/],
    [
      'both kinds of file',
      { keys: [{ alg: 'HS256', secretFile: 'a.secret', publicKeyFile: 'x' }] },
      /HS256 needs/,
    ],
    [
      'a key of another algorithm',
      { keys: [{ alg: 'ES256', publicKeyFile: 'RS256.pem' }] },
      /for RS256, not for ES256/,
    ],
    ['a private key', { keys: [{ alg: 'RS256', publicKeyFile: 'RS256.private.pem' }] }, /public key/],
    ['a file that is no key', { keys: [{ alg: 'RS256', publicKeyFile: 'a.secret' }] }, /public key/],
    ['a missing file', { keys: [{ alg: 'RS256', publicKeyFile: 'nowhere.pem' }] }, /nowhere\.pem/],
    [
      'five unnamed keys of one algorithm',
      { keys: Array.from({ length: 5 }, () => ({ alg: 'RS256' as const, publicKeyFile: 'RS256.pem' })) },
      /at most 4/,
    ],
    ['a JWKS over http', { jwksUrl: 'http://id.example/keys' }, /https/],
    ['a JWKS in a file', { jwksUrl: 'file:///etc/passwd' }, /https/],
    ['a JWKS that is no address', { jwksUrl: 'keys.json' }, /https/],
  ])('[AUTH-3] %s ends the start', async (_, settings, message) => {
    const keys = inFolder(settings.keys ?? []);
    await expect(SecurityManager.create({ ...base, ...settings, keys })).rejects.toMatchObject({
      code: 'AUTH_KEY_INVALID',
      message: expect.stringMatching(message),
    });
  });

  it('[AUTH-1] an RSA key below 2048 bits ends the start', async () => {
    const { publicKey } = await import('node:crypto').then(({ generateKeyPairSync }) =>
      generateKeyPairSync('rsa', { modulusLength: 1024 }),
    );
    await writeFile(file('weak.pem'), publicKey.export({ type: 'spki', format: 'pem' }));
    const security = SecurityManager.create({ ...base, jwtPublicKeyFile: file('weak.pem') });
    await expect(security).rejects.toMatchObject({ code: 'AUTH_KEY_INVALID' });
  });

  it('[AUTH-6] [AUTH-7] files are read again, and a set that is not in order changes nothing', async () => {
    await writeFile(file('live.secret'), secrets[0] ?? '');
    const security = await SecurityManager.create({ ...base, jwtSecretFile: file('live.secret') });
    const [old, next] = await Promise.all(secrets.map((secret) => token(bytes(secret), 'HS256')));
    const verdict = await security.verify(old, nowMs);
    if (!('principal' in verdict)) throw new Error('The token was refused.');
    expect(security.keys.reload()).toBe(false);

    await writeFile(file('live.secret'), 'short');
    expect(() => security.keys.reload()).toThrow(expect.objectContaining({ code: 'AUTH_KEY_INVALID' }));
    expect(security.objectionTo(verdict.principal, nowMs)).toBeUndefined();

    await writeFile(file('live.secret'), secrets[1] ?? '');
    expect(security.keys.reload()).toBe(true);
    expect(security.objectionTo(verdict.principal, nowMs)).toBe('WITHDRAWN');
    expect([await accepts(security, old ?? ''), await accepts(security, next ?? '')]).toEqual([false, true]);
  });
});

describe('keys of a JWKS', () => {
  /** An issuer whose answer the test writes; counts how often it is asked. */
  class Issuer {
    keys: unknown[] = [];
    isDown = false;
    asked = 0;
    readonly fetchText = async (): Promise<string> => {
      this.asked++;
      if (this.isDown) throw new Error('connection refused');
      return JSON.stringify({ keys: this.keys });
    };
  }

  async function published(alg: Algorithm, kid: string): Promise<readonly [jwk: object, signer: Signer]> {
    const pair = await generateKeyPair(alg, { extractable: true });
    return [{ ...(await exportJWK(pair.publicKey)), kid }, pair.privateKey];
  }

  const settings = { ...base, jwksUrl: 'https://id.example/keys' };
  const long = { exp: nowS + 10 * 86_400 };
  const at = async (security: SecurityManager, text: string, afterMs: number): Promise<string> => {
    const verdict = await security.verify(text, nowMs + afterMs);
    return 'principal' in verdict ? verdict.principal.sub : verdict.error;
  };

  it('[AUTH-4] [S003-35] keys of three algorithms are used by their names, and the others left out', async () => {
    const issuer = new Issuer();
    const made = [
      await published('RS256', 'r'),
      await published('ES256', 'e'),
      await published('EdDSA', 'd'),
    ];
    const secret = { kty: 'oct', kid: 'o', k: Buffer.from(secrets[0] ?? '').toString('base64url') };
    const forEncryption = { ...(await published('RS256', 'enc'))[0], use: 'enc' };
    issuer.keys = [...made.map(([jwk]) => jwk), secret, forEncryption, { kty: 'strange' }];
    const security = await SecurityManager.create(settings, { fetchText: issuer.fetchText });
    const algs: Algorithm[] = ['RS256', 'ES256', 'EdDSA'];
    for (const [i, alg] of algs.entries()) {
      const kid = ['r', 'e', 'd'][i];
      expect(await accepts(security, await token(made[i]?.[1], alg, kid))).toBe(true);
    }
    expect(await accepts(security, await token(bytes(secrets[0] ?? ''), 'HS256', 'o'))).toBe(false);
    expect(await accepts(security, await token(made[0]?.[1], 'RS256', 'enc'))).toBe(false);
  });

  it('[AUTH-4] a new key is fetched when the first token names it, and an old one goes with the next fetch', async () => {
    const issuer = new Issuer();
    const [first, second] = [await published('ES256', '1'), await published('ES256', '2')];
    issuer.keys = [first[0]];
    const security = await SecurityManager.create(settings, { fetchText: issuer.fetchText });
    const [one, two] = [
      await token(first[1], 'ES256', '1', long),
      await token(second[1], 'ES256', '2', long),
    ];
    expect(await at(security, one, 0)).toBe('ann');
    issuer.keys = [second[0]];
    expect(await at(security, two, 29_999)).toBe('AUTH_FAILED');
    expect(await at(security, two, 30_000)).toBe('ann');
    expect(await at(security, one, 30_000)).toBe('AUTH_FAILED');
  });

  it('[AUTH-4] however many tokens name unknown keys, it is fetched once in 30 s, and all share one request', async () => {
    const issuer = new Issuer();
    issuer.keys = [(await published('ES256', '1'))[0]];
    const security = await SecurityManager.create(settings, { fetchText: issuer.fetchText });
    const { privateKey } = await generateKeyPair('ES256');
    const flood = await Promise.all(
      Array.from({ length: 100 }, (_, i) => token(privateKey, 'ES256', `k${i}`, long)),
    );
    for (const afterMs of [0, 1_000, 29_000, 31_000])
      await Promise.all(flood.map((text) => at(security, text, afterMs)));
    expect(issuer.asked).toBe(2);
  });

  it('[AUTH-5] an issuer that cannot be reached signs nobody out for a day, and then nobody is judged without it', async () => {
    const issuer = new Issuer();
    const [jwk, signer] = await published('RS256', '1');
    issuer.keys = [jwk];
    const security = await SecurityManager.create(settings, { fetchText: issuer.fetchText });
    const good = await token(signer, 'RS256', '1', long);
    expect(await at(security, good, 0)).toBe('ann');
    issuer.isDown = true;
    expect(await security.keys.refresh(nowMs + 86_400_000)).toMatch(/connection refused/);
    expect(await at(security, good, 86_400_000)).toBe('ann');
    expect(await at(security, good, 86_400_001)).toBe('UNAVAILABLE');
    issuer.isDown = false;
    expect(await at(security, good, 86_440_000)).toBe('ann');
  });

  it('[AUTH-5] before the first answer a token is neither good nor bad', async () => {
    const issuer = new Issuer();
    issuer.isDown = true;
    const security = await SecurityManager.create(settings, { fetchText: issuer.fetchText });
    const { privateKey } = await generateKeyPair('RS256');
    expect(await at(security, await token(privateKey, 'RS256', '1'), 0)).toBe('UNAVAILABLE');
    expect(await at(security, 'x.y.z', 0)).toBe('AUTH_FAILED');
  });

  it.each([
    ['no JSON', '<html>'],
    ['no key set', '{"keys":{}}'],
    ['keys of nobody', '{"keys":[]}'],
  ])('[AUTH-4] an answer that is %s is told', async (_, answer) => {
    const security = await SecurityManager.create(settings, { fetchText: async () => answer });
    expect(await security.keys.refresh(nowMs)).toMatch(/id\.example/);
  });
});
