import { assertPredicate, type PredicateNode, type QueryPorts, regexFaultIn } from '@topgun/core';
import { serverError } from '../errors.js';
import { compileMapPattern, type MapMatcher } from './policy/mapPattern.js';
import { ACTIONS, type Policy, type Principal } from './policy/Policy.js';
import { Rights } from './policy/Rights.js';

export type { Action, Policy, Principal } from './policy/Policy.js';

/**
 * The one gate: every outlet and every write asks `may` (the engine's through `Gate.may`, which remembers the answers),
 * and what no policy allows is denied (PERM-1).
 *
 * Policies add up: a row is open when one of them opens it, with the fields of all that do. The set is immutable; to
 * change the rights, make a new one.
 */
export class PermissionPolicy {
  readonly #version: number;
  readonly #ports: QueryPorts;
  readonly #policies: readonly { readonly policy: Policy; readonly matches: MapMatcher }[];

  /**
   * `version` tells one policy set of a node from the next. Throws `POLICY_INVALID` naming the place of the fault, and
   * `PREDICATE_INVALID` and `REGEX_ENGINE_MISSING` of core.
   */
  constructor(policies: readonly Policy[], version = 0, ports: QueryPorts = {}) {
    this.#version = version;
    this.#ports = ports;
    this.#policies = policies.map((policy, at) => {
      if (policy.role === '') throw invalid(at, 'role is empty');
      const matches = compileMapPattern(policy.map);
      if (matches === undefined)
        throw invalid(at, `the map pattern ${JSON.stringify(policy.map)} is malformed`);
      const wrong = policy.actions.find((action) => !ACTIONS.includes(action));
      if (wrong !== undefined) throw invalid(at, `${JSON.stringify(wrong)} is no action`);
      if (policy.where !== undefined) checkPredicate(policy.where, ports);
      return { policy, matches };
    });
  }

  /**
   * What a principal may do with a map: see it through `view`, `put` and `remove` its rows. Worth keeping as long as
   * principal and policies stay the same.
   */
  may(principal: Principal, map: string): Rights {
    const found: (readonly [number, Policy])[] = [];
    for (const [at, { policy, matches }] of this.#policies.entries()) {
      if (policy.role !== '*' && !principal.roles.includes(policy.role)) continue;
      if (matches(map, principal.sub)) found.push([at, policy]);
    }
    return new Rights(found, principal, this.#version, this.#ports);
  }
}

function checkPredicate(where: PredicateNode, ports: QueryPorts): void {
  assertPredicate(where);
  const fault = regexFaultIn(where, ports);
  if (fault !== undefined) throw fault.error;
}

function invalid(at: number, what: string): Error {
  return serverError('POLICY_INVALID', `Policy ${at}: ${what}.`);
}
