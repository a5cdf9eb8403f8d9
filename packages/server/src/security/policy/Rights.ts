import { type CompiledPredicate, compilePredicate, type QueryPorts } from '@topgun/core';
import { isFields, keepFields, onlyFields, outsideOf } from './fields.js';
import type { Policy, Principal } from './Policy.js';
import { type ReadRule, View } from './View.js';

/** What a write is answered with when no policy allows it; never a value. */
export const DENIED: unique symbol = Symbol('denied');

interface WriteRule {
  readonly test: CompiledPredicate | undefined;
  readonly fields: ReadonlySet<string> | undefined;
}

/**
 * What one principal may do with one map, with the policies already picked. Cheap to ask for every row; made anew when
 * policies or claims change.
 */
export class Rights {
  /** How the map looks to the principal. */
  readonly view: View;
  readonly #puts: readonly WriteRule[];
  readonly #removes: readonly WriteRule[];
  readonly #context: { readonly auth: Readonly<Record<string, unknown>> };
  readonly #freePut: boolean;
  readonly #freeRemove: boolean;

  /** `policies`: those of the principal's roles that name the map, with their places in the policy set. */
  constructor(
    policies: readonly (readonly [at: number, policy: Policy])[],
    principal: Principal,
    version: number,
    ports?: QueryPorts,
  ) {
    const auth = { ...principal.claims, sub: principal.sub, roles: principal.roles };
    this.#context = { auth };
    this.view = new View(
      policies
        .filter(([, policy]) => policy.actions.includes('READ'))
        .map(([at, policy]) => readRule(at, policy)),
      auth,
      version,
      ports,
    );
    this.#puts = writeRules(policies, 'PUT', ports);
    // A masked policy never allows a removal, which would take the hidden fields too.
    this.#removes = writeRules(policies, 'REMOVE', ports).filter((rule) => rule.fields === undefined);
    this.#freePut = this.#puts.some(isFree);
    this.#freeRemove = this.#removes.some(isFree);
  }

  /** False when no row of the map can ever be written this way: then not even its kind is told. */
  get canPut(): boolean {
    return this.#puts.length > 0;
  }

  get canRemove(): boolean {
    return this.#removes.length > 0;
  }

  /**
   * The value to store for a put of `next` over `old` (undefined: absent), or DENIED.
   *
   * One policy must hold for the row before and the row after. Under a mask the fields outside of it are kept from the
   * old row, and naming one of them is denied.
   */
  put(old: unknown, next: unknown): unknown {
    if (this.#freePut) return next;
    for (const rule of this.#puts) {
      const result = rule.fields === undefined ? next : keepOutside(rule.fields, old, next);
      if (result !== DENIED && this.#holds(rule, old) && this.#holds(rule, result)) return result;
    }
    return DENIED;
  }

  /**
   * The value to store where not the writer but a resolver made `made` over `old`, or DENIED: the same policies, but what
   * lies outside of a mask is taken from the old row instead of being denied.
   */
  complete(old: unknown, made: unknown): unknown {
    if (this.#freePut) return made;
    for (const rule of this.#puts) {
      const { fields } = rule;
      const inside = fields !== undefined && isFields(made) ? onlyFields(made, fields) : made;
      const result = fields === undefined ? made : keepOutside(fields, old, inside);
      if (result !== DENIED && this.#holds(rule, old) && this.#holds(rule, result)) return result;
    }
    return DENIED;
  }

  /** Whether `old` may be removed. An absent row has nothing that a row predicate could refuse. */
  remove(old: unknown): boolean {
    return this.#freeRemove || this.#removes.some((rule) => this.#holds(rule, old));
  }

  #holds(rule: WriteRule, value: unknown): boolean {
    return value === undefined || rule.test === undefined || rule.test(value, this.#context);
  }
}

function readRule(at: number, { where, fields }: Policy): ReadRule {
  return { at, where, fields: fields === undefined ? undefined : new Set(fields) };
}

function writeRules(
  policies: readonly (readonly [at: number, policy: Policy])[],
  action: 'PUT' | 'REMOVE',
  ports: QueryPorts | undefined,
): WriteRule[] {
  const rules: WriteRule[] = [];
  for (const [, { actions, where, fields }] of policies) {
    if (!actions.includes(action)) continue;
    rules.push({
      test: where === undefined ? undefined : compilePredicate(where, ports),
      fields: fields === undefined ? undefined : new Set(fields),
    });
  }
  // Unmasked first, so that a mask never narrows what another policy gives in full.
  return rules.sort((a, b) => Number(a.fields !== undefined) - Number(b.fields !== undefined));
}

function isFree(rule: WriteRule): boolean {
  return rule.test === undefined && rule.fields === undefined;
}

function keepOutside(fields: ReadonlySet<string>, old: unknown, next: unknown): unknown {
  if (!isFields(next) || outsideOf(next, fields)) return DENIED;
  if (old === undefined) return next;
  if (!isFields(old)) return DENIED;
  return outsideOf(old, fields) ? keepFields(onlyFields(old, fields, false), next) : next;
}
