import {
  createHmac,
  createPublicKey,
  createSecretKey,
  type JsonWebKey,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { LIMITS } from '@topgun/protocol';
import { serverError } from '../../errors.js';

export const ALGORITHMS = ['HS256', 'RS256', 'ES256', 'EdDSA'] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

/** Whose tokens a key checks. */
export interface Issuance {
  readonly issuer: string;
  readonly audience: string;
}

/** A key that checks tokens: for one algorithm, of one issuer. */
export interface TokenKey extends Issuance {
  /** names key and use, and is worth nothing outside this process: another key, also under the same `kid`, has another one */
  readonly id: string;
  readonly kid: string | undefined;
  readonly alg: Algorithm;
  readonly key: KeyObject;
}

const RSA_BITS_MIN = 2048;
/** Makes ids say nothing about the keys they stand for. */
const idSalt = randomBytes(32);

/** Throws AUTH_KEY_INVALID for a secret that is short or a placeholder. `what` names its place. */
export function secretKey(
  secret: string,
  kid: string | undefined,
  issuance: Issuance,
  what: string,
): TokenKey {
  const bytes = Buffer.from(secret, 'utf8');
  if (bytes.length < LIMITS.secretBytes) {
    throw invalid(`${what} has ${bytes.length} bytes; at least ${LIMITS.secretBytes} are needed.`);
  }
  // Examples and fillers get copied: 'changeme…', 'your-secret-key…', or one character many times.
  if (
    /change.?me|your.?secret|default|example|password|topgun-secret/i.test(secret) ||
    new Set(bytes).size < 10
  ) {
    throw invalid(`${what} is a placeholder or repeats a few characters.`);
  }
  return named(createSecretKey(bytes), bytes, kid, 'HS256', issuance);
}

/** A public key in PEM (SPKI). Throws AUTH_KEY_INVALID when it is none, too weak, or not one of `alg`. */
export function pemKey(
  pem: string,
  kid: string | undefined,
  issuance: Issuance,
  what: string,
  alg?: Algorithm,
): TokenKey {
  // A private key holds a public one too; on this machine it would be a secret too many.
  if (!pem.includes('-----BEGIN PUBLIC KEY-----'))
    throw invalid(`${what} does not hold a public key in PEM.`);
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch (cause) {
    throw serverError('AUTH_KEY_INVALID', `${what} does not hold a public key in PEM.`, cause);
  }
  const found = algorithmOf(key);
  if (found === undefined)
    throw invalid(`${what} is no RSA key of ${RSA_BITS_MIN} bits or more, no P-256 and no Ed25519 key.`);
  if (alg !== undefined && alg !== found) throw invalid(`${what} holds a key for ${found}, not for ${alg}.`);
  return named(key, key.export({ type: 'spki', format: 'der' }), kid, found, issuance);
}

/** A key of a JWKS; undefined for one that checks no tokens here: symmetric, for encryption, or of another algorithm. */
export function jwkKey(jwk: JsonWebKey, issuance: Issuance): TokenKey | undefined {
  if (jwk.kty === 'oct' || (jwk.use !== undefined && jwk.use !== 'sig')) return undefined;
  const { kid } = jwk;
  if (kid !== undefined && (typeof kid !== 'string' || kid.length > LIMITS.tokenNameChars)) return undefined;
  let key: KeyObject;
  try {
    key = createPublicKey({ format: 'jwk', key: jwk });
  } catch {
    // One of a kind that Node does not know stands beside others that it does.
    return undefined;
  }
  const alg = algorithmOf(key);
  if (alg === undefined || (jwk.alg !== undefined && jwk.alg !== alg)) return undefined;
  return named(key, key.export({ type: 'spki', format: 'der' }), kid, alg, issuance);
}

function algorithmOf(key: KeyObject): Algorithm | undefined {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === 'rsa') return (details?.modulusLength ?? 0) >= RSA_BITS_MIN ? 'RS256' : undefined;
  if (type === 'ec') return details?.namedCurve === 'prime256v1' ? 'ES256' : undefined;
  return type === 'ed25519' ? 'EdDSA' : undefined;
}

function named(
  key: KeyObject,
  material: Buffer,
  kid: string | undefined,
  alg: Algorithm,
  issuance: Issuance,
): TokenKey {
  const { issuer, audience } = issuance;
  const id = createHmac('sha256', idSalt)
    .update(JSON.stringify([alg, kid ?? null, issuer, audience]))
    .update(material)
    .digest('base64url');
  return { id, kid, alg, key, issuer, audience };
}

function invalid(message: string): Error {
  return serverError('AUTH_KEY_INVALID', message);
}
