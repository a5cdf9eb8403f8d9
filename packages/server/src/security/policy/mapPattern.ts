import { parsePath, readPath } from '@topgun/core';
import type { Auth } from './Policy.js';

/** Whether a principal with these claims is meant by a pattern, when it names this map. */
export type MapMatcher = (map: string, auth: Auth) => boolean;

type Segment = string | { readonly claim: readonly string[] };

/**
 * Compiles a pattern such as `todos`, `rooms:*`, `users/{sub}/**`, `teams:{org.team}` or `**`.
 *
 * Names are compared segment by segment, the separators ':' and '/' being part of the comparison. `*` stands for one
 * segment, a trailing `**` for one or more, `{path}` for a claim, `{sub}` and `{userId}` for the subject. A claim is compared
 * as it is: one that holds a separator or a star never matches, so nobody widens a pattern by the choice of a name. Returns
 * undefined for a malformed pattern.
 */
export function compileMapPattern(pattern: string): MapMatcher | undefined {
  const parts = split(pattern);
  const rest = parts.at(-1) === '**';
  if (rest) parts.pop();
  const wanted: Segment[] = [];
  for (const part of parts) {
    const segment = segmentOf(part);
    if (segment === undefined) return undefined;
    wanted.push(segment);
  }
  if (!rest && wanted.every((segment) => typeof segment === 'string' && segment !== '*'))
    return (map) => map === pattern;
  if (rest && wanted.length === 0) return () => true;
  return (map, auth) => {
    const given = split(map);
    if (rest ? given.length <= wanted.length : given.length !== wanted.length) return false;
    return wanted.every((segment, at) => isMeant(segment, given[at] as string, auth));
  };
}

/** Whether a pattern names maps whoever asks: well-formed, and without claims. */
export function isMapPattern(pattern: string): boolean {
  return compileMapPattern(pattern) !== undefined && !pattern.includes('{');
}

/** Whether one of the patterns names a map. */
export function anyMapPattern(patterns: readonly string[]): (map: string) => boolean {
  const matchers = patterns.flatMap((pattern) => compileMapPattern(pattern) ?? []);
  return (map) => matchers.some((matches) => matches(map, {}));
}

/** Segments and separators in turn. */
function split(name: string): string[] {
  return name.split(/([:/])/);
}

function segmentOf(part: string): Segment | undefined {
  if (part === '*') return part;
  const claim = /^\{([A-Za-z_][\w.-]*)\}$/.exec(part)?.[1];
  if (claim !== undefined) return { claim: claim === 'userId' ? ['sub'] : parsePath(claim) };
  return part === '' || /[*{}]/.test(part) ? undefined : part;
}

function isMeant(segment: Segment, given: string, auth: Auth): boolean {
  if (given === '') return false;
  if (typeof segment === 'string') return segment === '*' || segment === given;
  const claim = readPath(auth, segment.claim);
  return Array.isArray(claim) ? claim.some((one) => isSame(one, given)) : isSame(claim, given);
}

/** Texts and whole numbers name things; a claim of another type names nothing. */
function isSame(claim: unknown, given: string): boolean {
  return typeof claim === 'string' ? claim === given : Number.isSafeInteger(claim) && String(claim) === given;
}
