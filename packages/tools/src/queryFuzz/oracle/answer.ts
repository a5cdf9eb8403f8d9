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

/**
 * The answer to a query, from all rows that are seen (Q-8, PAGE-1). A query has no claims of its own. Behind a position the order is
 * read on, before one it is read backward.
 */
export function answerOf(query: QuerySpec, rows: readonly Row[]): Row[] {
  const { where, sort = [], limit = Infinity, after, before } = query;
  const from = after ?? before;
  const start = from && { key: from.key, fields: from.values.map(([field]) => field) };
  const turn = before === undefined ? 1 : -1;
  const compare = (a: Place, b: Place): number => {
    for (const [at, [, direction]] of sort.entries()) {
      const found = order(a.fields[at], b.fields[at]);
      if (found !== 0) return direction === 'asc' ? found * turn : -found * turn;
    }
    return order(a.key, b.key) * turn;
  };
  return rows
    .filter(([, value]) => where === undefined || verdict(where, value, {}) === true)
    .map((row) => ({ row, key: row[0], fields: sort.map(([path]) => fieldAt(row[1], path)) }))
    .filter((place) => start === undefined || compare(place, start) > 0)
    .sort(compare)
    .map(({ row }) => row)
    .slice(0, limit);
}

/** Where a row stands: what it holds at the paths of the sort, and its key. */
interface Place {
  readonly key: string;
  readonly fields: readonly unknown[];
}
