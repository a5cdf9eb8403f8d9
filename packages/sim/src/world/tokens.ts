import type { Verified } from './SimNode.js';

/** A token of the simulated world: a subject, and when it ends by the true time (which may be never). */
export const simToken = (sub: string, expiresAtMs: number): string => `token:${sub}:${expiresAtMs}`;

/** Anything that is no `simToken` is refused; whether one has ended is the engine's to judge. */
export function verifyToken(token: string | undefined, roles: readonly string[] = ['user']): Verified {
  const [kind, sub, expires] = token?.split(':') ?? [];
  if (kind !== 'token' || sub === undefined) return { error: 'AUTH_FAILED' };
  const expiresAtMs = Number(expires);
  const principal = { sub, roles, claims: { sub } };
  return { principal: Number.isFinite(expiresAtMs) ? { ...principal, expiresAtMs } : principal };
}
