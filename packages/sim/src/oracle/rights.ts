import type { Policy, Principal } from '@topgun/server/engine';
import { fieldAt, typeOf } from './values.js';
import { type Claims, verdict } from './verdict.js';

/**
 * What policies allow, read off docs/specs/permissions.md (PERM-1, PERM-2, PERM-5, PERM-6, PERM-7) as plainly as can be: one row after the
 * other, nothing kept ready. It shares no line with the gate that ships.
 */
export interface Reader {
  readonly principal: Principal;
  readonly policies: readonly Policy[];
}

/** A topic is to the policies the map of this name; to hear all that is said to streams and users is a right over all topics of two segments. */
export const topicMap = (topic: string): string => (topic === '*' ? 'topic:*/*' : `topic:${topic}`);

/** What a predicate may read of somebody. */
export const claimsOf = ({ sub, roles, claims }: Principal): Claims => ({ ...claims, sub, roles });

/** The policies that let somebody read something of a map. */
export function readPolicies({ principal, policies }: Reader, map: string): Policy[] {
  return policies.filter(
    ({ role, map: pattern, actions }) =>
      (role === '*' || principal.roles.includes(role)) &&
      actions.includes('READ') &&
      namesMap(pattern, map, principal),
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

/**
 * Whether somebody may put a message to a topic as far as its name and predicates go; a mask may forbid it all the same. What nobody may
 * have said is nobody's to hear.
 */
export function mayPut({ principal, policies }: Reader, map: string, value: unknown): boolean {
  return policies.some(
    ({ role, map: pattern, actions, where }) =>
      (role === '*' || principal.roles.includes(role)) &&
      actions.includes('PUT') &&
      namesMap(pattern, map, principal) &&
      (where === undefined || verdict(where, value, claimsOf(principal)) === true),
  );
}

/** `*` is one segment between `:` and `/`, a trailing `**` one or more, a name in braces a claim, which must be one segment itself. */
function namesMap(pattern: string, map: string, principal: Principal): boolean {
  const own = patterns.get(principal) ?? new Map<string, RegExp>();
  patterns.set(principal, own);
  let compiled = own.get(pattern);
  if (compiled === undefined) {
    const claims = claimsOf(principal);
    const names = [...pattern.matchAll(/\{([^}]+)\}/g)].map(([, name = '']) => claimed(claims, name));
    compiled = compile(pattern, names);
    own.set(pattern, compiled);
  }
  return compiled.test(map);
}

/** Patterns are compared again and again. Nobody's claims change; a new token is another principal. */
const patterns = new WeakMap<Principal, Map<string, RegExp>>();

/** What a claim stands for in a pattern: texts, one of them or none. */
function claimed(claims: Claims, name: string): string[] {
  const value = fieldAt(claims, name === 'userId' ? 'sub' : name);
  const items: readonly unknown[] = Array.isArray(value) ? value : [value];
  return items.flatMap((item) => {
    const text = Number.isSafeInteger(item) ? String(item) : item;
    return typeof text === 'string' && text !== '' && !/[:/*]/.test(text) ? [text] : [];
  });
}

function compile(pattern: string, claims: readonly (readonly string[])[]): RegExp {
  let at = 0;
  const pieces = pattern.split(/(\*\*|\*|\{[^}]+\})/).map((piece) => {
    if (piece === '**') return '[\\s\\S]+';
    if (piece === '*') return '[^:/]+';
    if (!piece.startsWith('{')) return quoted(piece);
    const texts = claims[at++] ?? [];
    return texts.length === 0 ? '(?!)' : `(?:${texts.map(quoted).join('|')})`;
  });
  return new RegExp(`^${pieces.join('')}$`);
}

const quoted = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
