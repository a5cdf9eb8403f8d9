import type { ErrorCode } from '@topgun/protocol';
import { LIMITS } from '@topgun/protocol';
import type { ProtectedHeaderParameters } from 'jose';
import { decodeProtectedHeader, errors, jwtVerify } from 'jose';
import type { Objection } from '../engine/ports.js';
import { serverError } from '../errors.js';
import type { KeySettings } from './keys/configuredKeys.js';
import { KeyRing, type KeyRingParts } from './keys/KeyRing.js';
import type { KeyHint } from './keys/KeySet.js';
import type { TokenKey } from './keys/TokenKey.js';
import { isLoopback } from './loopback.js';
import type { Principal } from './PermissionPolicy.js';
import { ClaimError, principalOf } from './principalOf.js';
import { Revocations } from './revocation/Revocations.js';

export type Verification =
  | { readonly principal: Principal }
  /** UNAVAILABLE: the keys cannot be had at the moment */
  | { readonly error: Extract<ErrorCode, 'AUTH_REQUIRED' | 'AUTH_FAILED' | 'UNAVAILABLE'> };

export interface SecuritySettings extends KeySettings {
  readonly host: string;
  readonly dev: boolean;
  /** Default 8784. */
  readonly tokenHoursMax?: number | undefined;
}

/** Headers by which a token would choose the key it is checked with, or what is to be understood about it. */
const KEY_HEADERS = ['jku', 'x5u', 'jwk', 'x5c', 'crit'] as const;

/** Turns a token into a principal, and says later whether it still is one. The rules are AUTH-1 to AUTH-13. */
export class SecurityManager {
  readonly keys: KeyRing;
  readonly revocations: Revocations;
  readonly #settings: SecuritySettings;

  private constructor(keys: KeyRing, revocations: Revocations, settings: SecuritySettings) {
    this.keys = keys;
    this.revocations = revocations;
    this.#settings = settings;
  }

  /**
   * Reads and judges the keys. Throws AUTH_KEY_INVALID without a usable key, DEV_NOT_LOOPBACK when `dev` would let in
   * other machines. With `dev` a key is optional. A JWKS is not waited for.
   */
  static async create(settings: SecuritySettings, parts: KeyRingParts = {}): Promise<SecurityManager> {
    if (settings.dev && !isLoopback(settings.host)) {
      throw serverError(
        'DEV_NOT_LOOPBACK',
        `Development mode with host ${settings.host}, which other machines can reach.`,
      );
    }
    const keys = new KeyRing(settings, parts);
    if (keys.isEmpty && !settings.dev) {
      throw serverError(
        'AUTH_KEY_INVALID',
        'There is no key to check tokens with, and development mode is off.',
      );
    }
    return new SecurityManager(keys, new Revocations(settings.tokenHoursMax), settings);
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
      if (token.length > LIMITS.tokenChars) throw new ClaimError('The token is too long.');
      const keys = await this.keys.find(hintOf(decodeProtectedHeader(token)), nowMs);
      if (keys === 'unknown yet') {
        onRefused?.('The JWKS that may hold the key cannot be fetched.');
        return { error: 'UNAVAILABLE' };
      }
      const principal = await this.#check(token, keys, nowMs);
      if (this.revocations.isRevoked(principal)) throw new ClaimError('The token was revoked.');
      return { principal };
    } catch (error) {
      if (!(error instanceof errors.JOSEError || error instanceof ClaimError || error instanceof TypeError))
        throw error;
      onRefused?.(error.message);
      return { error: 'AUTH_FAILED' };
    }
  }

  /** Whether what `verify` once said still holds, but for the end of the token. */
  objectionTo(principal: Principal, nowMs: number): Objection {
    if (this.revocations.isRevoked(principal)) return 'REVOKED';
    const { keyId } = principal;
    return keyId === undefined || this.keys.has(keyId, nowMs) ? undefined : 'WITHDRAWN';
  }

  async #check(token: string, keys: readonly TokenKey[], nowMs: number): Promise<Principal> {
    let fault: unknown = new ClaimError('There is no key for the token.');
    for (const { id, key, alg, issuer, audience } of keys) {
      try {
        const { payload } = await jwtVerify(token, key, {
          algorithms: [alg],
          requiredClaims: ['exp', 'sub', 'iss', 'aud'],
          currentDate: new Date(nowMs),
          // For `nbf`; the end of a token is judged to the millisecond.
          clockTolerance: LIMITS.issuerSkewMs / 1000,
          issuer,
          audience,
        });
        return principalOf(payload, nowMs, this.#settings.tokenHoursMax ?? LIMITS.tokenHours, id);
      } catch (error) {
        fault = error;
        // Signed by this key: what is wrong with the token is told, and no other key can mend it.
        if (!(error instanceof errors.JWSSignatureVerificationFailed)) break;
      }
    }
    throw fault;
  }
}

const developer: Principal = { sub: 'dev', roles: ['ADMIN'], claims: { sub: 'dev', roles: ['ADMIN'] } };

function hintOf(header: ProtectedHeaderParameters): KeyHint {
  const forbidden = KEY_HEADERS.find((name) => header[name] !== undefined);
  if (forbidden !== undefined) throw new ClaimError(`The header ${forbidden} is not accepted.`);
  const { alg, kid } = header;
  if (typeof alg !== 'string') throw new ClaimError('The token names no algorithm.');
  if (kid !== undefined && (typeof kid !== 'string' || kid.length > LIMITS.tokenNameChars))
    throw new ClaimError('The kid is not usable.');
  return { alg, kid };
}
