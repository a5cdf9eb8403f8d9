import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LIMITS } from '@topgun/protocol';
import { decodeJwt } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SecurityManager } from '../SecurityManager.js';
import { OperatorFile } from './OperatorFile.js';
import { Operators, type SignedIn } from './Operators.js';
import { clusterOperatorKey, operatorKey } from './operatorKey.js';
import { hashPassword, isPassword, isPasswordHash, NOBODY } from './passwordHash.js';

const password = 'correct horse battery';
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'topgun-operators-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('hashes of passwords', () => {
  it('[AUTH-50] name their parameters, differ each time, and are met by their password alone', async () => {
    const [one, two] = [await hashPassword(password), await hashPassword(password)];
    expect(one).toMatch(/^\$scrypt\$ln=15,r=8,p=3\$/);
    expect(one).not.toBe(two);
    expect([await isPassword(password, one), await isPassword(`${password}.`, one)]).toEqual([true, false]);
    expect([isPasswordHash(one), isPasswordHash(NOBODY)]).toEqual([true, true]);
  });

  it('[AUTH-50] a hash of other parameters, made elsewhere, is met too', async () => {
    // RFC 7914, section 12: "pleaseletmein", "SodiumChloride", N 16384, r 8, p 1; its first 32 bytes.
    const hash = Buffer.from('7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2', 'hex');
    const [salt, key] = [Buffer.from('SodiumChloride'), hash].map((bytes) =>
      bytes.toString('base64').replace(/=+$/, ''),
    );
    expect(await isPassword('pleaseletmein', `$scrypt$ln=14,r=8,p=1$${salt}$${key}`)).toBe(true);
  });

  it('[AUTH-50] the same letters typed as other code points are the same password', async () => {
    const hash = await hashPassword('caf\u00e9 au lait');
    expect(await isPassword('cafe\u0301 au lait', hash)).toBe(true);
  });

  it.each([
    '',
    'plain',
    '$scrypt$ln=30,r=8,p=1$c29kaXVtY2hsb3JpZGU$cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofI',
    '$scrypt$ln=15,r=8,p=0$c29kaXVtY2hsb3JpZGU$cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofI',
    '$scrypt$ln=15,r=8,p=1$c29kaXVt$short',
  ])('[AUTH-50] %j is no hash that a server takes', (text) => {
    expect(isPasswordHash(text)).toBe(false);
  });

  it.each(['short', 'x'.repeat(257)])('[AUTH-50] the password %s is refused', async (text) => {
    await expect(hashPassword(text)).rejects.toMatchObject({ code: 'OPERATOR_INVALID' });
  });
});

describe('OperatorFile', () => {
  it('[AUTH-50] keeps operators in a file that nobody else may read, and sees what others write', async () => {
    const path = join(folder, 'auth', 'operators.json');
    const [one, two] = [new OperatorFile(path), new OperatorFile(path)];
    expect([await two.read(), two.operators]).toEqual([false, []]);
    await one.put('ada', password, ['ADMIN']);
    expect([await one.read(), await two.read(), await two.read()]).toEqual([false, true, false]);
    expect(two.find('ada')).toEqual(one.find('ada'));
    await two.put('ben', password, ['VIEWER']);
    await two.put('ada', password, []);
    expect((await one.read()) && one.operators.map(({ name, roles }) => [name, roles])).toEqual([
      ['ben', ['VIEWER']],
      ['ada', []],
    ]);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readFile(path, 'utf8')).not.toContain(password);
  });

  it('[AUTH-50] a file that is not in order is refused, and the last list stays', async () => {
    const path = join(folder, 'operators.json');
    const file = new OperatorFile(path);
    const operator = await file.put('ada', password, ['ADMIN']);
    const wrong = [
      '{',
      '{}',
      '[]',
      JSON.stringify({ operators: [operator, operator] }),
      JSON.stringify({ operators: [{ ...operator, passwordHash: password }] }),
      JSON.stringify({ operators: [{ ...operator, roles: 'ADMIN' }] }),
      JSON.stringify({ operators: [{ ...operator, more: 1 }] }),
    ];
    for (const text of wrong) {
      await writeFile(path, text);
      await expect(file.read()).rejects.toMatchObject({
        code: 'AUTH_FILE_INVALID',
        message: /operators\.json/,
      });
      expect(file.find('ada')).toEqual(operator);
    }
  });

  it('[AUTH-50] names and roles are plain', async () => {
    const file = new OperatorFile(undefined);
    for (const [name, role] of [
      ['', 'ADMIN'],
      ['a b', 'ADMIN'],
      ['x'.repeat(65), 'ADMIN'],
      ['ada', ''],
      ['ada', 'A,B'],
    ] as const)
      await expect(file.put(name, password, [role])).rejects.toMatchObject({ code: 'OPERATOR_INVALID' });
    expect(file.operators).toEqual([]);
  });
});

describe('Operators', () => {
  let now: number;
  let file: OperatorFile;
  let security: SecurityManager;
  let operators: Operators;
  const make = async (maySetUp = true, path?: string): Promise<void> => {
    now = 1_800_000_000_000;
    file = new OperatorFile(path);
    security = await SecurityManager.create({ host: '127.0.0.1', dev: true });
    const signing = await operatorKey(path === undefined ? undefined : join(folder, 'operator.key'));
    security.keys.adopt(signing.key);
    operators = new Operators({ file, signing, wallMs: () => now, maySetUp });
  };
  beforeEach(() => make());
  const good = (result: Awaited<ReturnType<Operators['login']>>): SignedIn => {
    if ('refused' in result) throw new Error(`refused: ${result.refused}`);
    return result;
  };
  const principalOf = async (token: string) => {
    const verdict = await security.verify(token, now);
    return 'principal' in verdict ? verdict.principal : undefined;
  };

  it('[AUTH-51] a login gives a token for 15 minutes that the server itself accepts', async () => {
    await file.put('ada', password, ['ADMIN', 'OPS']);
    const { token, expiresAtMs, roles } = good(await operators.login('ada', password, '::1'));
    expect([roles, expiresAtMs - now]).toEqual([['ADMIN', 'OPS'], 900_000]);
    expect(await principalOf(token)).toMatchObject({
      sub: 'operator:ada',
      roles: ['ADMIN', 'OPS'],
      expiresAtMs,
    });
    now = expiresAtMs;
    expect(await principalOf(token)).toBeUndefined();
  });

  it('[AUTH-51] is renewed until half a day after the login, and not with another password or other roles', async () => {
    await file.put('ada', password, ['ADMIN']);
    let { token } = good(await operators.login('ada', password, '::1'));
    const begun = now;
    let renewals = 0;
    for (;;) {
      now += 600_000;
      const principal = await principalOf(token);
      if (principal === undefined) break;
      const result = await operators.refresh(principal);
      if ('refused' in result) break;
      renewals++;
      expect(result.expiresAtMs).toBeLessThanOrEqual(begun + LIMITS.operatorSessionMs);
      token = result.token;
    }
    expect([renewals, now - begun]).toEqual([71, LIMITS.operatorSessionMs]);

    const again = await principalOf(good(await operators.login('ada', password, '::1')).token);
    if (again === undefined) throw new Error('The token was refused.');
    expect(await operators.refresh(again)).toHaveProperty('token');
    await file.put('ada', password, ['VIEWER']);
    expect(await operators.refresh(again)).toEqual({ refused: 'AUTH_FAILED' });
  });

  it('[AUTH-51] tokens of others are not renewed, whatever they say', async () => {
    await file.put('ada', password, ['ADMIN']);
    const { token } = good(await operators.login('ada', password, '::1'));
    const own = await principalOf(token);
    if (own === undefined) throw new Error('The token was refused.');
    for (const other of [
      { ...own, keyId: 'another' },
      { ...own, claims: { ...own.claims, auth_time: '1' } },
      { ...own, sub: 'operator:ben' },
      { ...own, claims: { ...own.claims, ver: 'x' } },
    ])
      expect(await operators.refresh(other)).toEqual({ refused: 'AUTH_FAILED' });
  });

  it('[AUTH-52] the sixth failure for a name from one address waits; others do not, and a success counts anew', async () => {
    await file.put('ada', password, ['ADMIN']);
    const attempt = async (name: string, text: string, address: string): Promise<unknown> => {
      const result = await operators.login(name, text, address);
      return 'refused' in result ? result.refused : 'in';
    };
    for (let i = 0; i < 4; i++) expect(await attempt('ada', 'wrong', '10.0.0.1')).toBe('AUTH_FAILED');
    expect(await attempt('ada', password, '10.0.0.1')).toBe('in');
    for (let i = 0; i < 5; i++) expect(await attempt('ada', 'wrong', '10.0.0.1')).toBe('AUTH_FAILED');
    const refused = await operators.login('ada', password, '10.0.0.1');
    expect(refused).toMatchObject({ refused: 'RATE', retryAfterMs: expect.any(Number) });
    expect('retryAfterMs' in refused && refused.retryAfterMs).toBeGreaterThan(0);
    expect('retryAfterMs' in refused && refused.retryAfterMs).toBeLessThanOrEqual(LIMITS.loginNameMs);
    expect(await attempt('ada', password, '10.0.0.2')).toBe('in');
    expect(await attempt('ben', password, '10.0.0.1')).toBe('AUTH_FAILED');
  });

  it('[AUTH-52] many names from one network wait too; of IPv6 that is the first half of an address', async () => {
    const limited: string[] = [];
    for (let i = 0; i <= LIMITS.loginsPerAddress; i++) {
      // Without a password to check: the limit alone is looked at.
      const result = await operators.setUp(
        'x',
        `n${i}`,
        password,
        `2001:db8::${i % 9 === 0 ? '' : '1:'}${i}`,
      );
      limited.push('refused' in result ? result.refused : 'in');
    }
    expect(limited.slice(0, 5)).toEqual(Array(5).fill('AUTH_FAILED'));
    expect(limited.at(-1)).toBe('RATE');
  });

  it('[AUTH-52] an unknown name costs what a known one costs', async () => {
    await file.put('ada', password, ['ADMIN']);
    const cost = async (name: string): Promise<number> => {
      const begun = process.cpuUsage();
      await operators.login(name, 'wrong password', '::1');
      const { user, system } = process.cpuUsage(begun);
      return user + system;
    };
    await cost('ada');
    const [known, unknown] = [await cost('ada'), await cost('eve')];
    // A comparison of hashes would be a thousand times cheaper than making one.
    expect(unknown / known).toBeGreaterThan(0.2);
    expect(unknown / known).toBeLessThan(5);
  });

  it('[AUTH-52] at most four passwords are checked at once', async () => {
    await file.put('ada', password, ['ADMIN']);
    const results = await Promise.all(
      Array.from({ length: 12 }, (_, i) => operators.login('ada', password, `10.0.0.${i}`)),
    );
    expect(results.filter((result) => !('refused' in result))).toHaveLength(LIMITS.passwordsAtOnce);
    expect(results.at(-1)).toEqual({ refused: 'UNAVAILABLE', retryAfterMs: 1_000 });
    expect(await operators.login('ada', password, '::1')).toHaveProperty('token');
  });

  it('[AUTH-53] the first operator is made once, by who knows the token', async () => {
    const token = operators.setupToken ?? '';
    expect(token).toHaveLength(32);
    expect(await operators.setUp(`${token}x`, 'eve', password, '::1')).toEqual({ refused: 'AUTH_FAILED' });
    await expect(operators.setUp(token, 'ada', 'short', '::1')).rejects.toMatchObject({
      code: 'OPERATOR_INVALID',
    });
    const results = await Promise.all(
      ['ada', 'eve'].map((name) => operators.setUp(token, name, password, '::1')),
    );
    expect(results.filter((result) => 'token' in result)).toHaveLength(1);
    const signedIn = results.find((result) => 'token' in result);
    expect(decodeJwt(signedIn !== undefined && 'token' in signedIn ? signedIn.token : '')).toMatchObject({
      sub: 'operator:ada',
      roles: ['ADMIN'],
    });
    expect(operators.setupToken).toBeUndefined();
    expect(await operators.setUp(token, 'eve', password, '::1')).toEqual({ refused: 'NOT_FOUND' });
  });

  it('[AUTH-53] is not offered where other machines can come', async () => {
    await make(false);
    expect(operators.setupToken).toBeUndefined();
    expect(await operators.setUp('', 'eve', password, '::1')).toEqual({ refused: 'NOT_FOUND' });
  });

  it('[AUTH-51] nodes with one secret sign with one key, and others with another', () => {
    const secrets = ['one', 'one', 'two'].map((name) => `secret of cluster ${name}, long enough`);
    const [one, same, other] = secrets.map((secret) => clusterOperatorKey(secret).key.id);
    expect(same).toBe(one);
    expect(other).not.toBe(one);
  });

  it('[AUTH-51] the key outlives a restart, and nobody else may read it', async () => {
    const path = join(folder, 'operators.json');
    await make(true, path);
    await file.put('ada', password, ['ADMIN']);
    const { token } = good(await operators.login('ada', password, '::1'));
    await make(true, path);
    expect(await principalOf(token)).toMatchObject({ sub: 'operator:ada' });
    expect((await stat(join(folder, 'operator.key'))).mode & 0o777).toBe(0o600);
    await make();
    expect(await principalOf(token)).toBeUndefined();
  });
});
