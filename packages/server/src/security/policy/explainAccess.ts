import { type CompiledPolicy, isMet } from './CompiledPolicy.js';
import { isFields } from './fields.js';
import { type Action, authOf, type Principal } from './Policy.js';
import { DENIED, type Rights } from './Rights.js';

/**
 * How far a policy got: `role`, `action`: it does not speak of this; `mask`: it has `fields`, and such a policy never allows
 * REMOVE; `fields`: the write names a field that it does not open, or the value has none; `before`, `after`: the row as it
 * stands, or as it would become, does not meet `where`; `allows`.
 */
export type Reason = 'role' | 'action' | 'mask' | 'fields' | 'before' | 'after' | 'allows';

const REASONS: readonly Reason[] = ['role', 'action', 'mask', 'fields', 'before', 'after', 'allows'];

/** One policy that names the map, and what became of it. Holds no value of a row. */
export interface Considered {
  /** its place in the set */
  readonly at: number;
  readonly name?: string;
  readonly role: string;
  readonly map: string;
  readonly reason: Reason;
}

export interface Access {
  readonly allowed: boolean;
  /** READ: what of the row is seen; PUT: what would be stored. undefined when denied, or of an absent row */
  readonly value: unknown;
  /** the policies that name the map, those that got furthest first */
  readonly considered: readonly Considered[];
}

export interface AccessQuestion {
  readonly principal: Principal;
  readonly action: Action;
  /** the row as it stands; undefined = absent, for READ any row */
  readonly old: unknown;
  /** PUT: what is to be put */
  readonly next?: unknown;
}

/**
 * Whether an action is allowed, and why. `policies` are those whose pattern names the map, `rights` what the gate makes of
 * them: the verdict is the gate's own, the reasons are looked at one policy at a time (PERM-12).
 */
export function explainAccess(
  policies: readonly CompiledPolicy[],
  rights: Rights,
  question: AccessQuestion,
): Access {
  const { action, old, next } = question;
  const considered = policies
    .map((policy) => consideredOf(policy, reasonOf(policy, rights, question)))
    .sort((a, b) => REASONS.indexOf(b.reason) - REASONS.indexOf(a.reason) || a.at - b.at);
  if (action === 'READ') {
    const value = rights.view.project(old);
    return { allowed: old === undefined ? !rights.view.isBlind : value !== undefined, value, considered };
  }
  if (action === 'REMOVE')
    return { allowed: rights.canRemove && rights.remove(old), value: undefined, considered };
  const value = rights.put(old, next);
  return { allowed: value !== DENIED, value: value === DENIED ? undefined : value, considered };
}

function reasonOf(
  policy: CompiledPolicy,
  rights: Rights,
  { principal, action, old, next }: AccessQuestion,
): Reason {
  const { role, actions } = policy.policy;
  const context = { auth: authOf(principal) };
  if (role !== '*' && !principal.roles.includes(role)) return 'role';
  if (!actions.includes(action)) return 'action';
  if (action === 'REMOVE' && policy.fields !== undefined) return 'mask';
  if (action === 'READ' && policy.fields !== undefined && old !== undefined && !isFields(old))
    return 'fields';
  const result = action === 'PUT' ? rights.keptUnder(policy, old, next) : undefined;
  if (result === DENIED) return 'fields';
  if (!isMet(policy, old, context)) return 'before';
  return isMet(policy, result, context) ? 'allows' : 'after';
}

function consideredOf({ at, policy: { name, role, map } }: CompiledPolicy, reason: Reason): Considered {
  return { at, ...(name !== undefined && { name }), role, map, reason };
}
