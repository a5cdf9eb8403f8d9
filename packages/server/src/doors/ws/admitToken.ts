import type { Principal } from '../../security/PermissionPolicy.js';
import { ClaimError } from '../../security/principalOf.js';
import { tenantOf } from '../../security/tenantOf.js';

const SCOPE = 'ws:connect';

/** Who may have a connection. */
export interface Admitted {
  readonly principal: Principal;
  readonly tenant: string | undefined;
}

/** Judges what a good token must say beyond that for this door (WSJ-3). Throws ClaimError. */
export function admitToken(
  principal: Principal,
  settings: { readonly wsScopeRequired: boolean; readonly tenantClaim: string },
): Admitted {
  // Who has no token, in development, has no scope either.
  if (settings.wsScopeRequired && principal.keyId !== undefined && !hasScope(principal))
    throw new ClaimError(`The token has no scope ${SCOPE}.`);
  return { principal, tenant: tenantOf(principal, settings.tenantClaim) };
}

/** `scope` is a text of words (RFC 8693, 4.2), `scopes` the list that others make of it. */
function hasScope({ claims: { scope, scopes } }: Principal): boolean {
  if (typeof scope === 'string' && scope.split(' ').includes(SCOPE)) return true;
  return Array.isArray(scopes) && scopes.includes(SCOPE);
}
