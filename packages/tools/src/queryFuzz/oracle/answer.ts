import type { QuerySpec } from '@topgun/core';
import type { Policy, Principal } from '@topgun/server/engine';
import * as rights from '@topgun/sim/internal/oracle/rights';
import { namesOf } from '@topgun/sim/internal/oracle/values';
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

/** Whether a query tests or orders by a field that no rule opens: then it is refused (PERM-9). */
export function namesHidden({ where, sort = [] }: QuerySpec, policies: readonly Policy[]): boolean {
  const rules = readRules(policies);
  const isHidden = (path: string): boolean => {
    const [name] = namesOf(path);
    return name !== undefined && rules.every(({ fields }) => fields !== undefined && !fields.includes(name));
  };
  const paths = (node: unknown): string[] =>
    Array.isArray(node)
      ? node.flatMap(paths)
      : typeof node === 'object' && node !== null && 'op' in node
        ? Object.entries(node).flatMap(([name, part]) =>
            name === 'path' ? [String(part)] : name === 'children' || name === 'child' ? paths(part) : [],
          )
        : [];
  return [...paths(where), ...sort.map(([path]) => path)].some(isHidden);
}

/** The rows that somebody sees. */
export function seenRows(who: Who, policies: readonly Policy[], rows: Iterable<Row>): Row[] {
  return [...rows].flatMap(([key, value]): Row[] => {
    const seen = seenBy(who, policies, value);
    return seen === undefined ? [] : [[key, seen]];
  });
}
