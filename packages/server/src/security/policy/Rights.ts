import { deepEqual } from '@topgun/core';
import { type CompiledPolicy, isMet } from './CompiledPolicy.js';
import { isFields, keepFields, onlyFields, outsideOf } from './fields.js';
import { type Action, type AuthContext, authOf, type Principal } from './Policy.js';
import { View } from './View.js';

/** What a write is answered with when no policy allows it; never a value. */
export const DENIED: unique symbol = Symbol('denied');

/**
 * What one principal may do with one map, with the policies already picked. Cheap to ask for every row; made anew when
 * policies or claims change.
 */
export class Rights {
  /** How the map looks to the principal. */
  readonly view: View;
  readonly #puts: readonly CompiledPolicy[];
  readonly #removes: readonly CompiledPolicy[];
  readonly #context: AuthContext;
  readonly #freePut: boolean;
  readonly #freeRemove: boolean;

  /** `policies`: those of the principal's roles that name the map. */
  constructor(policies: readonly CompiledPolicy[], principal: Principal) {
    const allowing = (action: Action): CompiledPolicy[] =>
      policies.filter(({ policy }) => policy.actions.includes(action));
    const auth = authOf(principal);
    this.#context = { auth };
    this.view = new View(allowing('READ'), auth);
    // Unmasked first, so that a mask never narrows what another policy gives in full.
    this.#puts = allowing('PUT').sort(
      (a, b) => Number(a.fields !== undefined) - Number(b.fields !== undefined),
    );
    // A masked policy never allows a removal, which would take the hidden fields too.
    this.#removes = allowing('REMOVE').filter(({ fields }) => fields === undefined);
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
   * old row. Naming one of them is denied, unless the writer sees it there and names it as it is: then it asks for no change.
   */
  put(old: unknown, next: unknown): unknown {
    if (this.#freePut) return next;
    for (const rule of this.#puts) {
      const result = this.putUnder(rule, old, next);
      if (result !== DENIED) return result;
    }
    return DENIED;
  }

  /** What one policy makes of a put. */
  putUnder(rule: CompiledPolicy, old: unknown, next: unknown): unknown {
    const result = this.keptUnder(rule, old, next);
    return result !== DENIED && this.#holds(rule, old) && this.#holds(rule, result) ? result : DENIED;
  }

  /** The row that a put would leave under the mask of a policy, whatever its predicate says. */
  keptUnder({ fields }: CompiledPolicy, old: unknown, next: unknown): unknown {
    if (fields === undefined) return next;
    return isFields(next) && this.#isUnchanged(fields, old, next) ? keepOutside(fields, old, next) : DENIED;
  }

  /**
   * The value to store where not the writer but a resolver made `made` over `old`, or DENIED: the same policies, but what
   * lies outside of a mask is taken from the old row instead of being denied.
   */
  complete(old: unknown, made: unknown): unknown {
    if (this.#freePut) return made;
    for (const rule of this.#puts) {
      const { fields } = rule;
      const result = fields === undefined ? made : keepOutside(fields, old, made);
      if (result !== DENIED && this.#holds(rule, old) && this.#holds(rule, result)) return result;
    }
    return DENIED;
  }

  /** Whether `old` may be removed. An absent row has nothing that a row predicate could refuse. */
  remove(old: unknown): boolean {
    return this.#freeRemove || this.#removes.some((rule) => this.#holds(rule, old));
  }

  #holds(rule: CompiledPolicy, value: unknown): boolean {
    return isMet(rule, value, this.#context);
  }

  /** Whether every field outside of the mask is one that the writer sees, with the value that it has. */
  #isUnchanged(fields: ReadonlySet<string>, old: unknown, next: Readonly<Record<string, unknown>>): boolean {
    if (!outsideOf(next, fields)) return true;
    const seen = this.view.project(old);
    if (!isFields(seen)) return false;
    return Object.keys(next).every(
      (name) => fields.has(name) || (Object.hasOwn(seen, name) && deepEqual(seen[name], next[name])),
    );
  }
}

function isFree({ test, fields }: CompiledPolicy): boolean {
  return test === undefined && fields === undefined;
}

/** `next` inside of the mask, and `old` outside of it. */
function keepOutside(fields: ReadonlySet<string>, old: unknown, next: unknown): unknown {
  if (!isFields(next)) return DENIED;
  if (old !== undefined && !isFields(old)) return DENIED;
  const inside = outsideOf(next, fields) ? onlyFields(next, fields) : next;
  return old !== undefined && outsideOf(old, fields)
    ? keepFields(onlyFields(old, fields, false), inside)
    : inside;
}
