import { type CompiledPredicate, compilePredicate, type QueryPorts } from '@topgun/core';
import { exactKey } from '../../engine/exactKey.js';
import { authPathsOf } from './authRefs.js';
import { compileMapPattern, type MapMatcher } from './mapPattern.js';
import type { Auth, AuthContext, Policy, Principal } from './Policy.js';

/** A policy made ready to be asked, once for all principals. */
export interface CompiledPolicy {
  /** its place in the set */
  readonly at: number;
  readonly policy: Policy;
  readonly matches: MapMatcher;
  readonly test: CompiledPredicate | undefined;
  readonly fields: ReadonlySet<string> | undefined;
  /** equal for policies that show the same to principals whose claims agree, in one set and in those after it */
  readonly reading: number;
  /** paths of the claims that its predicate reads */
  readonly authPaths: readonly string[];
}

/** Undefined for a map pattern that is malformed. */
export function compilePolicy(
  policy: Policy,
  at: number,
  readings: Readings,
  ports: QueryPorts,
): CompiledPolicy | undefined {
  const { where, fields } = policy;
  const matches = compileMapPattern(policy.map);
  if (matches === undefined) return undefined;
  return {
    at,
    policy,
    matches,
    test: where === undefined ? undefined : compilePredicate(where, ports),
    fields: fields === undefined ? undefined : new Set(fields),
    reading: readings.of(policy),
    authPaths: where === undefined ? [] : authPathsOf(where),
  };
}

/** Whether a policy speaks of this principal and map at all. */
export function isAbout(
  { policy, matches }: CompiledPolicy,
  { roles }: Principal,
  auth: Auth,
  map: string,
): boolean {
  return (policy.role === '*' || roles.includes(policy.role)) && matches(map, auth);
}

/** Whether a row meets the predicate of a policy; an absent one has nothing to meet. */
export function isMet({ test }: CompiledPolicy, value: unknown, context: AuthContext): boolean {
  return value === undefined || test === undefined || test(value, context);
}

/** Numbers for what policies show: the same content has the same number, a number is never given to another one. */
export class Readings {
  readonly #numbers = new Map<string, number>();
  readonly #known: ReadonlyMap<string, number>;
  #next: number;

  /** Goes on from the numbers of the set before. */
  constructor(before?: Readings) {
    this.#known = before === undefined ? new Map() : before.#numbers;
    this.#next = before === undefined ? 0 : before.#next;
  }

  of({ where, fields }: Policy): number {
    const content = exactKey([where ?? null, fields === undefined ? null : [...new Set(fields)].sort()]);
    const number = this.#numbers.get(content) ?? this.#known.get(content) ?? this.#next++;
    this.#numbers.set(content, number);
    return number;
  }
}
