import { assertPredicate } from '@topgun/core';
import { serverError } from '../errors.js';
import { compileMapPattern, type MapMatcher } from './policy/mapPattern.js';
import { ACTIONS, type Action, type Policy, type Principal } from './policy/Policy.js';
import { DENIED, Rights } from './policy/Rights.js';
import type { View } from './policy/View.js';

export type { Action, Policy, Principal } from './policy/Policy.js';

/** `value`: what may be read, or what is to be stored, after masking. */
export type Decision = { readonly allow: false } | { readonly allow: true; readonly value: unknown };

const REFUSED: Decision = { allow: false };

/**
 * The one gate: every outlet and every write asks here, and what no policy allows is denied (PERM-1).
 *
 * Policies add up: a row is open when one of them opens it, with the fields of all that do. The set is immutable; to
 * change the rights, make a new one.
 */
export class PermissionPolicy {
  readonly #version: number;
  readonly #policies: readonly { readonly policy: Policy; readonly matches: MapMatcher }[];

  /**
   * `version` tells one policy set of a node from the next. Throws `POLICY_INVALID` naming the place of the fault, and
   * `PREDICATE_INVALID` of core.
   */
  constructor(policies: readonly Policy[], version = 0) {
    this.#version = version;
    this.#policies = policies.map((policy, at) => {
      if (policy.role === '') throw invalid(at, 'role is empty');
      const matches = compileMapPattern(policy.map);
      if (matches === undefined)
        throw invalid(at, `the map pattern ${JSON.stringify(policy.map)} is malformed`);
      const wrong = policy.actions.find((action) => !ACTIONS.includes(action));
      if (wrong !== undefined) throw invalid(at, `${JSON.stringify(wrong)} is no action`);
      if (policy.where !== undefined) assertPredicate(policy.where);
      return { policy, matches };
    });
  }

  /** What a principal may do with a map. Worth keeping as long as principal and policies stay the same. */
  rightsOf(principal: Principal, map: string): Rights {
    const found: (readonly [number, Policy])[] = [];
    for (const [at, { policy, matches }] of this.#policies.entries()) {
      if (policy.role !== '*' && !principal.roles.includes(policy.role)) continue;
      if (matches(map, principal.sub)) found.push([at, policy]);
    }
    return new Rights(found, principal, this.#version);
  }

  /** How a map looks to a principal; undefined when nothing of it is to be seen. */
  viewOf(principal: Principal, map: string): View | undefined {
    const { view } = this.rightsOf(principal, map);
    return view.isBlind ? undefined : view;
  }

  /** One decision about one row. `old` and `next` are undefined for an absent row. */
  may(principal: Principal, action: Action, map: string, old: unknown, next?: unknown): Decision {
    const rights = this.rightsOf(principal, map);
    switch (action) {
      case 'READ': {
        const value = rights.view.project(old);
        return value === undefined ? REFUSED : { allow: true, value };
      }
      case 'PUT': {
        const value = rights.put(old, next);
        return value === DENIED ? REFUSED : { allow: true, value };
      }
      case 'REMOVE':
        return rights.remove(old) ? { allow: true, value: undefined } : REFUSED;
    }
  }
}

function invalid(at: number, what: string): Error {
  return serverError('POLICY_INVALID', `Policy ${at}: ${what}.`);
}
