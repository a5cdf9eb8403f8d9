import { CLOSE_CODE, LIMITS } from '@topgun/protocol';
import type { Rng } from '@topgun/sim/internal/rng';
import type { Around, Expected, Family } from '../Family.js';
import { type Claims, goodClaims, jwtOf, rsaSigned, SECRET, USER } from '../identity.js';
import { anyValue, encoded, packed, randomBytes } from './bytes.js';
import { clientSays, family, strange } from './probes.js';

const REFUSED: Expected = { rule: 'E5', code: 'AUTH_FAILED', close: CLOSE_CODE.AUTH };
const REQUIRED: Expected = { rule: 'E5', code: 'AUTH_REQUIRED', close: CLOSE_CODE.AUTH };

const auth = ({ clientId, session }: Around, token: unknown, versions: unknown = [1, 99]): Buffer =>
  packed([2, versions, clientId, [session], token]);

/** AUTH with a token that must be refused, without a word why. */
const token = (name: string, make: (rng: Rng, around: Around) => string, expected = REFUSED): Family =>
  strange('tokens', name, expected, (rng, around) => [auth(around, make(rng, around))]);

const header = (name: string, make: (rng: Rng) => Readonly<Record<string, unknown>>): Family =>
  token(`header: ${name}`, (rng, { nowMs }) =>
    jwtOf({ alg: 'HS256', typ: 'JWT', ...make(rng) }, goodClaims(USER, nowMs)),
  );

const claims = (name: string, change: (good: Claims, rng: Rng, nowSeconds: number) => unknown): Family =>
  token(`claims: ${name}`, (rng, { nowMs }) =>
    jwtOf({ alg: 'HS256' }, change(goodClaims(USER, nowMs), rng, Math.floor(nowMs / 1000))),
  );

const spoilt = (name: string, spoil: (token: string, rng: Rng) => string): Family =>
  token(`form: ${name}`, (rng, { nowMs }) => spoil(jwtOf({ alg: 'HS256' }, goodClaims(USER, nowMs)), rng));

const without = (good: Claims, name: string): Claims => {
  const { [name]: _, ...rest } = good;
  return rest;
};

function flipped(text: string, at: number): string {
  const other = text[at] === 'A' ? 'B' : 'A';
  return `${text.slice(0, at)}${other}${text.slice(at + 1)}`;
}

const headers: readonly Family[] = [
  header('alg none', (rng) => ({ alg: rng.pick(['none', 'None', 'NONE', 'nOnE']) })),
  header('other algorithms of the same kind', (rng) => ({
    alg: rng.pick(['HS384', 'HS512', 'hs256', 'HS256 ', 'HS1']),
  })),
  header('algorithms of other kinds', (rng) => ({
    alg: rng.pick(['PS256', 'RS512', 'ES384', 'dir', 'A256KW', 'ES256K']),
  })),
  header('alg missing or no text', (rng) => ({ alg: rng.pick<unknown>([null, 5, ['HS256'], { a: 1 }, '']) })),
  header('keys in the header', (rng) => ({
    [rng.pick(['jku', 'x5u'])]: `https://${rng.id(5)}.example/keys`,
  })),
  header('a key of its own', (rng) => ({
    [rng.pick(['jwk', 'x5c'])]: rng.pick<unknown>([{ kty: 'oct', k: SECRET }, ['MIIB'], 'x']),
  })),
  header('crit', (rng) => ({
    crit: rng.pick<unknown>([['exp'], ['x'], [], 'b64', ['b64']]),
    b64: rng.chance(0.5),
  })),
];

const contents: readonly Family[] = [
  claims('expired', (good, rng, now) => ({ ...good, exp: now - rng.int(1, 1_000_000) })),
  claims('without exp', (good) => without(good, 'exp')),
  claims('exp that is no number', (good, rng) => ({
    ...good,
    exp: rng.pick<unknown>(['9999999999', null, true, [2 ** 33], { at: 1 }]),
  })),
  claims('not valid yet', (good, rng, now) => ({ ...good, nbf: now + rng.int(1_000, 10_000_000) })),
  claims('nbf and iat that are no numbers', (good, rng) => ({
    ...good,
    [rng.pick(['nbf', 'iat'])]: rng.pick(['1', {}, []]),
  })),
  claims('without sub', (good) => without(good, 'sub')),
  claims('sub that is no text', (good, rng) => ({
    ...good,
    sub: rng.pick<unknown>([5, null, true, [USER], { sub: USER }, '']),
  })),
  claims('sub that is too long', (good, rng) => ({
    ...good,
    sub: 's'.repeat(LIMITS.userIdChars + rng.int(1, 900)),
  })),
  claims('roles that are no list of texts', (good, rng) => ({
    ...good,
    roles: rng.pick<unknown>([
      'ADMIN',
      { 0: 'ADMIN' },
      [['ADMIN']],
      [5],
      [null],
      true,
      7,
      [{ toString: 'ADMIN' }],
    ]),
  })),
  claims('another issuer', (good, rng) => ({
    ...good,
    iss: rng.pick<unknown>(['other', '', null, ['topgun'], 5, `topgun${rng.id(1)}`]),
  })),
  claims('without issuer', (good) => without(good, 'iss')),
  claims('another audience', (good, rng) => ({
    ...good,
    aud: rng.pick<unknown>(['other', '', null, [], ['x'], 5, `topgun${rng.id(1)}`]),
  })),
  claims('without audience', (good) => without(good, 'aud')),
  claims('payloads that are no object', (_, rng) =>
    rng.pick<unknown>([[], 5, 'x', null, true, [{ sub: USER }]]),
  ),
];

const forms: readonly Family[] = [
  spoilt('cut short', (good, rng) => good.slice(0, rng.int(1, good.length - 1))),
  spoilt('another signature', (good, rng) => flipped(good, good.lastIndexOf('.') + 1 + rng.int(0, 40))),
  spoilt('another payload', (good, rng) => flipped(good, good.indexOf('.') + 1 + rng.int(0, 30))),
  spoilt('another header', (good, rng) => flipped(good, rng.int(0, 10))),
  spoilt('no signature', (good) => good.slice(0, good.lastIndexOf('.') + 1)),
  spoilt('parts missing or too many', (good, rng) =>
    rng.pick([
      good.split('.')[0] ?? '',
      good.replace('.', ''),
      `${good}.${rng.id(9)}`,
      `.${good}`,
      '..',
      '.',
      '....',
    ]),
  ),
  spoilt('no base64url', (good, rng) => good.replace(/.$/, rng.pick(['=', '%', 'é', '😀', '\u0000', '*']))),
  spoilt('white space around it', (good, rng) => rng.pick([` ${good}`, `Bearer ${good}`, `\t${good}`])),
  token('form: noise', (rng) => rng.id(rng.int(1, 400))),
  token('form: JSON instead', (rng) =>
    JSON.stringify({ alg: 'none', sub: USER, roles: ['ADMIN'], n: rng.u32() }),
  ),
  token('key: another secret', (rng, { nowMs }) =>
    jwtOf({ alg: 'HS256' }, goodClaims(USER, nowMs), rng.id(40)),
  ),
  token('key: no secret', (_, { nowMs }) => jwtOf({ alg: 'HS256' }, goodClaims(USER, nowMs), '')),
  token('key: another pair of keys', (rng, { nowMs }) =>
    rsaSigned({ ...goodClaims(USER, nowMs), n: rng.u32() }),
  ),
];

const strangers: readonly Family[] = [
  strange('tokens', 'no token', REQUIRED, (_, around) => [packed([2, [1, 99], around.clientId, []])]),
  strange('tokens', 'messages of clients before AUTH', REQUIRED, (rng, { session }) => [
    rng.pick([
      encoded({ type: 'PING', id: rng.int(0, 99) }),
      encoded({ type: 'SYNC_INIT', req: 1, map: 'open:a', kind: 'LWW', root: 0 }),
      encoded({ type: 'TOPIC_PUB', topic: 'open:t', data: rng.u32() }),
      encoded({ type: 'SESSIONS', sessions: [session] }),
      encoded({ type: 'QUERY_SUB', query: 'q', map: 'open:a' }),
    ]),
  ]),
  strange('tokens', 'AUTH that does not fit', REQUIRED, (rng, around) => [
    rng.pick([
      packed([2]),
      packed([2, [1, 1], 'short', []]),
      packed([2, [1], around.clientId, []]),
      packed([2, ['1', 1], around.clientId, []]),
      packed([2, [1, 1], around.clientId, ['x']]),
      packed([2, [1, 1], around.clientId, [], rng.int(0, 9)]),
      packed([2, [1, 1], around.clientId, [], 'x', 'i', 'a'.repeat(200)]),
    ]),
  ]),
  strange('tokens', 'unknown types before AUTH', REQUIRED, (rng) => [packed([rng.int(15, 127), rng.u32()])]),
  strange(
    'tokens',
    'AUTH with more sessions than admitted',
    { rule: 'E2', code: 'BAD_FRAME', close: 4400 },
    (rng, around) => [
      packed([
        2,
        [1, 1],
        around.clientId,
        Array.from({ length: LIMITS.nodesPreAuth + rng.int(0, 20) }, () => rng.id(11)),
      ]),
    ],
  ),
  strange(
    'tokens',
    'frames larger than a stranger may send',
    { rule: 'E2', code: 'BAD_FRAME', close: 4400 },
    (rng, around) => [
      packed([2, [1, 1], around.clientId, [], 'x'.repeat(LIMITS.frameBytesPreAuth + rng.int(1, 4_000))]),
    ],
  ),
  strange('tokens', 'a token that is too long', REQUIRED, (rng, around) => [
    auth(around, 'x'.repeat(LIMITS.tokenChars + rng.int(1, 500))),
  ]),
  strange('tokens', 'noise before AUTH', { rule: 'E2', code: 'BAD_FRAME', close: 4400 }, (rng) => [
    Buffer.concat([Buffer.from([0xc1]), randomBytes(rng, 0, 500)]),
  ]),
  strange(
    'tokens',
    'values that are no message before AUTH',
    { rule: 'E2', code: 'BAD_FRAME', close: 4400 },
    (rng) => [packed({ v: anyValue(rng, 1) })],
  ),
  strange(
    'tokens',
    'versions that nobody speaks',
    { rule: 'E4', code: 'VERSION', close: CLOSE_CODE.VERSION },
    (rng, around) => [
      auth(
        around,
        'x',
        rng.pick([
          [0, 0],
          [100, 200],
          [2 ** 50, 2 ** 52],
          [1_000, 1],
        ]),
      ),
    ],
  ),
  strange('tokens', 'too many messages before AUTH is answered', REQUIRED, (_, around) =>
    Array.from({ length: 6 }, () => auth(around, 'x.y.z')),
  ),
  strange(
    'tokens',
    'the client of somebody else',
    { rule: 'E5', close: CLOSE_CODE.OTHER_SUBJECT },
    (_, around) => [auth(around, jwtOf({ alg: 'HS256' }, goodClaims('eve', around.nowMs)))],
  ),
  strange('tokens', 'good ones', { rule: 'accepted' }, (rng, around) => [
    auth(
      around,
      jwtOf(
        { alg: 'HS256', typ: 'JWT' },
        { ...goodClaims(USER, around.nowMs), jti: rng.id(8), extra: anyValueJson(rng) },
      ),
    ),
  ]),
];

/** On a connection that is let in already. */
const renewed = (name: string, expected: Expected, make: (rng: Rng, around: Around) => Uint8Array): Family =>
  family('tokens', `renewed: ${name}`, expected, (rng, around) => ({
    ...clientSays(expected, make(rng, around)),
    ...(expected.close === undefined && { settles: 'auth' as const }),
    fresh: true,
  }));

const renewals: readonly Family[] = [
  renewed('with a token of another secret', REFUSED, (rng, around) =>
    auth(around, jwtOf({ alg: 'HS256' }, goodClaims(USER, around.nowMs), rng.id(40))),
  ),
  renewed('as another client', { rule: 'E5', close: CLOSE_CODE.OTHER_SUBJECT }, (rng, around) =>
    auth({ ...around, clientId: rng.id(22) }, jwtOf({ alg: 'HS256' }, goodClaims(USER, around.nowMs))),
  ),
  renewed('as another subject', { rule: 'E5', close: CLOSE_CODE.OTHER_SUBJECT }, (_, around) =>
    auth(around, jwtOf({ alg: 'HS256' }, goodClaims('eve', around.nowMs))),
  ),
  renewed('with a good token', { rule: 'accepted' }, (_, around) =>
    auth(around, jwtOf({ alg: 'HS256' }, goodClaims(USER, around.nowMs))),
  ),
];

const anyValueJson = (rng: Rng): unknown =>
  rng.pick<unknown>([null, 5, 'x', [1, [2]], { a: { b: 1 } }, { constructor: 1 }]);

/** Who somebody says he is. */
export const tokenFamilies: readonly Family[] = [
  ...headers,
  ...contents,
  ...forms,
  ...strangers,
  ...renewals,
];
