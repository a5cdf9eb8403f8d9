import { readFileSync } from 'node:fs';
import type { ErrorCode } from '@topgun/protocol';
import { LIMITS } from '@topgun/protocol';
import type { CryptoKey, JWTHeaderParameters, JWTPayload } from 'jose';
import { errors, importSPKI, jwtVerify } from 'jose';
import { serverError } from '../errors.js';
import { isLoopback } from './loopback.js';
import type { Principal } from './PermissionPolicy.js';

export type Verification =
  | { readonly principal: Principal }
  | { readonly error: Extract<ErrorCode, 'AUTH_REQUIRED' | 'AUTH_FAILED'> };

export interface SecuritySettings {
  readonly host: string;
  readonly dev: boolean;
  readonly jwtSecret?: string | undefined;
  readonly jwtSecretFile?: string | undefined;
  readonly jwtPublicKeyFile?: string | undefined;
  readonly jwtIssuer?: string | undefined;
  readonly jwtAudience?: string | undefined;
}

/** Headers by which a token would choose the key it is checked with. */
const KEY_HEADERS = ['jku', 'x5u', 'jwk', 'x5c', 'crit'];

/**
 * Turns a token into a principal. Each algorithm has one key and each key one algorithm, so no token can have itself
 * checked by a key that was meant for something else.
 */
export class SecurityManager {
  readonly #keys: ReadonlyMap<string, CryptoKey | Uint8Array>;
  readonly #settings: SecuritySettings;

  private constructor(keys: ReadonlyMap<string, CryptoKey | Uint8Array>, settings: SecuritySettings) {
    this.#keys = keys;
    this.#settings = settings;
  }

  /**
   * Reads and judges the keys. Throws AUTH_KEY_INVALID without a usable key, DEV_NOT_LOOPBACK when `dev` would let in
   * other machines. With `dev` a key is optional.
   */
  static async create(settings: SecuritySettings): Promise<SecurityManager> {
    if (settings.dev && !isLoopback(settings.host)) {
      throw serverError(
        'DEV_NOT_LOOPBACK',
        `Development mode with host ${settings.host}, which other machines can reach.`,
      );
    }
    const keys = new Map<string, CryptoKey | Uint8Array>();
    const secret = settings.jwtSecret ?? readKey(settings.jwtSecretFile)?.trim();
    if (secret !== undefined) keys.set('HS256', secretKey(secret));
    const pem = readKey(settings.jwtPublicKeyFile);
    if (pem !== undefined) keys.set('RS256', await publicKey(pem, String(settings.jwtPublicKeyFile)));
    if (keys.size === 0 && !settings.dev) {
      throw serverError(
        'AUTH_KEY_INVALID',
        'There is no key to check tokens with, and development mode is off.',
      );
    }
    return new SecurityManager(keys, settings);
  }

  /** `nowMs` is wall clock time in ms. The answer never says why a token was refused; `onRefused` hears it. */
  async verify(
    token: string | undefined,
    nowMs: number,
    onRefused?: (reason: string) => void,
  ): Promise<Verification> {
    if (token === undefined || token === '') {
      return this.#settings.dev ? { principal: developer } : { error: 'AUTH_REQUIRED' };
    }
    try {
      const { payload } = await jwtVerify(token, (header) => this.#keyFor(header), {
        algorithms: [...this.#keys.keys()],
        requiredClaims: ['exp', 'sub'],
        currentDate: new Date(nowMs),
        ...(this.#settings.jwtIssuer !== undefined && { issuer: this.#settings.jwtIssuer }),
        ...(this.#settings.jwtAudience !== undefined && { audience: this.#settings.jwtAudience }),
      });
      return { principal: principalOf(payload) };
    } catch (error) {
      if (!(error instanceof errors.JOSEError || error instanceof ClaimError || error instanceof TypeError))
        throw error;
      onRefused?.(error.message);
      return { error: 'AUTH_FAILED' };
    }
  }

  #keyFor(header: JWTHeaderParameters): CryptoKey | Uint8Array {
    const forbidden = KEY_HEADERS.find((name) => header[name] !== undefined);
    if (forbidden !== undefined) throw new ClaimError(`The header ${forbidden} is not accepted.`);
    const key = this.#keys.get(header.alg);
    if (key === undefined) throw new ClaimError('There is no key for the algorithm of the token.');
    return key;
  }
}

const developer: Principal = { sub: 'dev', roles: ['ADMIN'], claims: { sub: 'dev', roles: ['ADMIN'] } };

class ClaimError extends Error {}

function principalOf(payload: JWTPayload): Principal {
  const { sub, exp, roles = [] } = payload;
  if (typeof sub !== 'string' || sub === '' || sub.length > LIMITS.userIdChars)
    throw new ClaimError('The sub is not usable.');
  if (typeof exp !== 'number') throw new ClaimError('The exp is not a number.');
  // A string would pass for a list of roles wherever someone asks `roles.includes(…)`.
  if (!Array.isArray(roles) || !roles.every((role) => typeof role === 'string')) {
    throw new ClaimError('The roles are not an array of strings.');
  }
  return { sub, roles: [...roles], claims: { ...payload, roles: [...roles] }, expiresAtMs: exp * 1000 };
}

function secretKey(secret: string): Uint8Array {
  const bytes = new TextEncoder().encode(secret);
  if (bytes.length < LIMITS.secretBytes) {
    throw serverError(
      'AUTH_KEY_INVALID',
      `The secret has ${bytes.length} bytes; at least ${LIMITS.secretBytes} are needed.`,
    );
  }
  // Examples and fillers get copied: 'changeme…', 'your-secret-key…', or one character many times.
  if (
    /change.?me|your.?secret|default|example|password|topgun-secret/i.test(secret) ||
    new Set(bytes).size < 10
  ) {
    throw serverError('AUTH_KEY_INVALID', 'The secret is a placeholder or repeats a few characters.');
  }
  return bytes;
}

function readKey(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw serverError('AUTH_KEY_INVALID', `The key file ${path} cannot be read: ${reason}`, cause);
  }
}

async function publicKey(pem: string, path: string): Promise<CryptoKey> {
  try {
    return await importSPKI(pem, 'RS256');
  } catch (cause) {
    throw serverError(
      'AUTH_KEY_INVALID',
      `The file ${path} does not hold an RSA public key in PEM (SPKI).`,
      cause,
    );
  }
}
