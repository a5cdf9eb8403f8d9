import type { Policy, Principal } from '@topgun/server/engine';
import { typeOf } from './values.js';
import { type Claims, verdict } from './verdict.js';

/**
 * What policies allow, read off docs/specs/permissions.md (PERM-1, PERM-2, PERM-5, PERM-6, PERM-7) as plainly as can be: one row after the
 * other, nothing kept ready. It shares no line with the gate that ships.
 */
export interface Reader {
  readonly principal: Principal;
  readonly policies: readonly Policy[];
}

/** What a predicate may read of somebody. */
export const claimsOf = ({ sub, roles, claims }: Principal): Claims => ({ ...claims, sub, roles });

/** The policies that let somebody read something of a map. */
export function readPolicies({ principal, policies }: Reader, map: string): Policy[] {
  return policies.filter(
    ({ role, map: pattern, actions }) =>
      (role === '*' || principal.roles.includes(role)) &&
      actions.includes('READ') &&
      namesMap(pattern, map, principal.sub),
  );
}

/** Whether somebody reads every row with all fields, whatever it holds. */
export function readsAll(reader: Reader, map: string): boolean {
  return readPolicies(reader, map).some(({ where, fields }) => where === undefined && fields === undefined);
}

/** What somebody sees of a value: undefined when nothing. */
export function seenBy(reader: Reader, map: string, value: unknown): unknown {
  if (value === undefined) return undefined;
  const claims = claimsOf(reader.principal);
  const open = readPolicies(reader, map).filter(
    ({ where }) => where === undefined || verdict(where, value, claims) === true,
  );
  if (open.length === 0) return undefined;
  if (open.some(({ fields }) => fields === undefined)) return value;
  if (typeOf(value) !== 'object') return undefined;
  const names = open.flatMap(({ fields }) => fields ?? []);
  return Object.fromEntries(Object.entries(value as object).filter(([name]) => names.includes(name)));
}

/** `*` is one segment between `:` and `/`, a trailing `**` one or more, `{sub}` the subject, which must be one segment itself. */
export function namesMap(pattern: string, map: string, sub: string): boolean {
  const id = `${pattern}\0${sub}`;
  let named = patterns.get(id);
  if (named === undefined) {
    named = compile(pattern, sub);
    patterns.set(id, named);
  }
  return named.test(map);
}

/** Patterns are compared again and again. */
const patterns = new Map<string, RegExp>();

function compile(pattern: string, sub: string): RegExp {
  const pieces = pattern.split(/(\*\*|\*|\{sub\})/).map((piece) => {
    if (piece === '**') return '[\\s\\S]+';
    if (piece === '*') return '[^:/]+';
    if (piece === '{sub}') return /[:/]/.test(sub) ? '(?!)' : quoted(sub);
    return quoted(piece);
  });
  return new RegExp(`^${pieces.join('')}$`);
}

const quoted = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
