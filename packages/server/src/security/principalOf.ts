import { LIMITS } from '@topgun/protocol';
import type { JWTPayload } from 'jose';
import type { Principal } from './PermissionPolicy.js';

/** A claim that makes a token worthless, by what the log is told. */
export class ClaimError extends Error {}

const HOUR_MS = 3_600_000;

/**
 * The principal of a token whose signature, issuer and audience are right; judges the other claims (AUTH-11, AUTH-12).
 * Throws ClaimError.
 */
export function principalOf(
  payload: JWTPayload,
  nowMs: number,
  tokenHoursMax: number,
  keyId: string,
): Principal {
  const { sub, exp, iat, nbf, jti, roles = [] } = payload;
  if (!isName(sub, LIMITS.userIdChars)) throw new ClaimError('The sub is not usable.');
  if (jti !== undefined && !isName(jti, LIMITS.tokenNameChars))
    throw new ClaimError('The jti is not usable.');
  if (typeof exp !== 'number') throw new ClaimError('The exp is not a number.');
  if (exp * 1000 <= nowMs) throw new ClaimError('The token has expired.');
  for (const [name, at] of Object.entries({ nbf, iat })) {
    if (at === undefined) continue;
    if (typeof at !== 'number') throw new ClaimError(`The ${name} is not a number.`);
    if (at * 1000 > nowMs + LIMITS.issuerSkewMs) throw new ClaimError(`The ${name} lies ahead.`);
  }
  if (exp * 1000 - (iat === undefined ? nowMs : iat * 1000) > tokenHoursMax * HOUR_MS)
    throw new ClaimError(`The token is for longer than ${tokenHoursMax} h.`);
  // A string would pass for a list of roles wherever someone asks `roles.includes(…)`.
  if (!Array.isArray(roles) || !roles.every((role) => typeof role === 'string')) {
    throw new ClaimError('The roles are not an array of strings.');
  }
  return {
    sub,
    roles: [...roles],
    claims: { ...payload, roles: [...roles] },
    expiresAtMs: exp * 1000,
    keyId,
  };
}

function isName(value: unknown, charsMax: number): value is string {
  return typeof value === 'string' && value !== '' && value.length <= charsMax;
}
