import { LIMITS } from '@topgun/protocol';
import type { Principal } from './policy/Policy.js';
import { ClaimError } from './principalOf.js';

/** What fits between two separators of a topic, so that no tenant has a name within another one's. */
const TENANT = new RegExp(`^[\\w.@|~+-]{1,${LIMITS.tenantChars}}$`);

/** The tenant that a token speaks for, by the claim of this name; undefined for none. Throws ClaimError for a claim of another form. */
export function tenantOf({ claims }: Principal, claim: string): string | undefined {
  const value = Object.hasOwn(claims, claim) ? claims[claim] : undefined;
  if (value === undefined || value === null) return undefined;
  const name = Number.isSafeInteger(value) ? String(value) : value;
  if (typeof name !== 'string' || !TENANT.test(name)) throw new ClaimError(`The ${claim} is not usable.`);
  return name;
}
