import type { Policy, Principal } from '@topgun/server/engine';
import * as rights from '@topgun/sim/internal/oracle/rights';
import type { Claims } from '@topgun/sim/internal/oracle/verdict';
import { MAP, type Row, type Who } from '../Case.js';

const principalOf = ({ sub, claims }: Who): Principal => ({ sub, roles: ['user'], claims });

/** What the policies read of somebody. */
export const claimsOf = (who: Who): Claims => rights.claimsOf(principalOf(who));

/** The policies that open rows of the map to users. */
export function readRules(policies: readonly Policy[]): Policy[] {
  return rights.readPolicies({ principal: principalOf({ sub: '', claims: {} }), policies }, MAP);
}

/** What somebody sees of a row, undefined when it is hidden (PERM-2, PERM-6, PERM-7). */
export function seenBy(who: Who, policies: readonly Policy[], value: unknown): unknown {
  return rights.seenBy({ principal: principalOf(who), policies }, MAP, value);
}

/** The rows that somebody sees. */
export function seenRows(who: Who, policies: readonly Policy[], rows: Iterable<Row>): Row[] {
  return [...rows].flatMap(([key, value]): Row[] => {
    const seen = seenBy(who, policies, value);
    return seen === undefined ? [] : [[key, seen]];
  });
}
