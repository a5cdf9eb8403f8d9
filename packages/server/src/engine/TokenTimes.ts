import type { Principal } from '../security/policy/Policy.js';
import type { EngineLimits } from './EngineLimits.js';

/** When the token of a session ends, and when its holder is asked for another one (AUTH-30). Times are ms since the epoch. */
export interface TokenTimes {
  readonly askAtMs: number;
  readonly endsAtMs: number;
  readonly closesAtMs: number;
}

/**
 * For a token that a session has from now on; undefined for one without end. `random` is 32 bits: tokens that many devices
 * got at once do not all end at the service that makes them at once.
 */
export function timesOf(
  { expiresAtMs: endsAtMs }: Principal,
  now: number,
  limits: Pick<EngineLimits, 'renewLeadMs' | 'authGraceMs'>,
  random: () => number,
): TokenTimes | undefined {
  if (endsAtMs === undefined) return undefined;
  const leadMs = Math.min(limits.renewLeadMs, Math.max(0, endsAtMs - now) / 4);
  const spreadMs = Math.floor((leadMs / 2) * (random() / 2 ** 32));
  return {
    askAtMs: Math.ceil(endsAtMs - leadMs + spreadMs),
    endsAtMs,
    closesAtMs: endsAtMs + limits.authGraceMs,
  };
}

/** For a token whose key is no longer believed (AUTH-7): it has ended now. */
export function withdrawnTimes(now: number, graceMs: number): TokenTimes {
  return { askAtMs: now, endsAtMs: now, closesAtMs: now + graceMs };
}
