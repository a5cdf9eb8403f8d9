import {
  assertPredicate,
  type PredicateNode,
  type QueryPorts,
  regexFaultIn,
  TopGunError,
} from '@topgun/core';
import { serverError } from '../errors.js';
import { type CompiledPolicy, compilePolicy, isAbout, Readings } from './policy/CompiledPolicy.js';
import { type Access, type AccessQuestion, explainAccess } from './policy/explainAccess.js';
import { ACTIONS, authOf, type Policy, type Principal } from './policy/Policy.js';
import { Rights } from './policy/Rights.js';

export type { Access, AccessQuestion } from './policy/explainAccess.js';
export type { Action, Policy, Principal } from './policy/Policy.js';

/**
 * The one gate: every outlet and every write asks `may` (the engine's through `Gate.may`, which remembers the answers),
 * and what no policy allows is denied (PERM-1).
 *
 * Policies add up: a row is open when one of them opens it, with the fields of all that do. The set is immutable; to
 * change the rights, make a new one.
 */
export class PermissionPolicy {
  readonly #readings: Readings;
  readonly #policies: readonly CompiledPolicy[];

  /**
   * `before`: the set that this one takes the place of, so that views which stay the same are known as such. Throws
   * `POLICY_INVALID` naming the place of the fault, and `REGEX_ENGINE_MISSING` of core.
   */
  constructor(policies: readonly Policy[], ports: QueryPorts = {}, before?: PermissionPolicy) {
    this.#readings = new Readings(before === undefined ? undefined : before.#readings);
    this.#policies = policies.map((policy, at) => {
      if (policy.role === '') throw invalid(at, 'role is empty');
      const wrong = policy.actions.find((action) => !ACTIONS.includes(action));
      if (wrong !== undefined) throw invalid(at, `${JSON.stringify(wrong)} is no action`);
      if (policy.where !== undefined) checkPredicate(policy.where, at, ports);
      const compiled = compilePolicy(policy, at, this.#readings, ports);
      if (compiled === undefined)
        throw invalid(at, `the map pattern ${JSON.stringify(policy.map)} is malformed`);
      return compiled;
    });
  }

  /** Policies of the set. */
  get size(): number {
    return this.#policies.length;
  }

  /** Whether an action is allowed, and what became of each policy that names the map (PERM-12). Not for the hot path. */
  explain(map: string, question: AccessQuestion): Access {
    const { principal } = question;
    const auth = authOf(principal);
    const named = this.#policies.filter(({ matches }) => matches(map, auth));
    return explainAccess(named, this.may(principal, map), question);
  }

  /**
   * What a principal may do with a map: see it through `view`, `put` and `remove` its rows. Worth keeping as long as
   * principal and policies stay the same.
   */
  may(principal: Principal, map: string): Rights {
    const auth = authOf(principal);
    return new Rights(
      this.#policies.filter((policy) => isAbout(policy, principal, auth, map)),
      principal,
    );
  }
}

function checkPredicate(where: PredicateNode, at: number, ports: QueryPorts): void {
  try {
    assertPredicate(where);
    const fault = regexFaultIn(where, ports);
    if (fault !== undefined) throw fault.error;
  } catch (error) {
    if (!(error instanceof TopGunError) || error.code === 'REGEX_ENGINE_MISSING') throw error;
    throw serverError('POLICY_INVALID', `Policy ${at}: where: ${error.message}`, error);
  }
}

function invalid(at: number, what: string): Error {
  return serverError('POLICY_INVALID', `Policy ${at}: ${what}.`);
}
