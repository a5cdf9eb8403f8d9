import type { QuerySpec } from '@topgun/core';
import type { Policy } from '@topgun/server/engine';
import { MAP, type Row, type Who } from '../Case.js';
import { fieldAt, order, typeOf } from './values.js';
import { type Claims, verdict } from './verdict.js';

/** What the policies read of somebody. */
export function claimsOf({ sub, claims }: Who): Claims {
  return { ...claims, sub, roles: ['user'] };
}

/** The policies that open rows of the map to users. */
export function readRules(policies: readonly Policy[]): Policy[] {
  return policies.filter(
    ({ role, map, actions }) =>
      ['user', '*'].includes(role) && [MAP, '*', '**'].includes(map) && actions.includes('READ'),
  );
}

/** What somebody sees of a row, undefined when it is hidden (PERM-2, PERM-6, PERM-7). */
export function seenBy(who: Who, policies: readonly Policy[], value: unknown): unknown {
  const open = readRules(policies).filter(
    ({ where }) => where === undefined || verdict(where, value, claimsOf(who)) === true,
  );
  if (open.length === 0) return undefined;
  if (open.some(({ fields }) => fields === undefined)) return value;
  if (typeOf(value) !== 'object') return undefined;
  const names = open.flatMap(({ fields }) => fields ?? []);
  return Object.fromEntries(Object.entries(value as object).filter(([name]) => names.includes(name)));
}

/** The rows that somebody sees. */
export function seenRows(who: Who, policies: readonly Policy[], rows: Iterable<Row>): Row[] {
  return [...rows].flatMap(([key, value]): Row[] => {
    const seen = seenBy(who, policies, value);
    return seen === undefined ? [] : [[key, seen]];
  });
}

/** The answer to a query, from all rows that are seen. A query has no claims of its own. */
export function answerOf({ where, sort = [], limit = Infinity }: QuerySpec, rows: readonly Row[]): Row[] {
  return rows
    .filter(([, value]) => where === undefined || verdict(where, value, {}) === true)
    .sort(([keyA, a], [keyB, b]) => {
      for (const [path, direction] of sort) {
        const found = order(fieldAt(a, path), fieldAt(b, path));
        if (found !== 0) return direction === 'asc' ? found : -found;
      }
      return order(keyA, keyB);
    })
    .slice(0, limit);
}
