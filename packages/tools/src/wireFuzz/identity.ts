import { createHmac, createSign, generateKeyPairSync } from 'node:crypto';

/** The secret of the fuzzed server: fit for a test and for nothing else. */
export const SECRET = 'wire-fuzz 9f3a71c04be25d8866e1d0a7 only for this run';
/** The subject that all inputs come from. */
export const USER = 'mallory';
/** The subject that nothing may disturb. */
export const NEIGHBOUR = 'nora';

export type Claims = Readonly<Record<string, unknown>>;

export const goodClaims = (sub: string, nowMs: number): Claims => ({
  sub,
  iss: 'topgun',
  aud: 'topgun',
  roles: [sub === NEIGHBOUR ? 'good' : 'user'],
  iat: Math.floor(nowMs / 1000),
  exp: Math.floor(nowMs / 1000) + 3_600,
});

const part = (value: unknown): string => Buffer.from(JSON.stringify(value) ?? '').toString('base64url');

/** A token with any header and any payload, signed as HS256: what a library for tokens would refuse to make. */
export function jwtOf(header: Claims, payload: unknown, secret: string = SECRET): string {
  const signed = `${part(header)}.${part(payload)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

let ownKey: string | undefined;

/** A token of a pair of keys that the server has never heard of. */
export function rsaSigned(payload: unknown): string {
  ownKey ??= generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  }).privateKey;
  const signed = `${part({ alg: 'RS256' })}.${part(payload)}`;
  return `${signed}.${createSign('RSA-SHA256').update(signed).sign(ownKey, 'base64url')}`;
}
