import {
  type CompiledPredicate,
  compilePredicate,
  encodeCanonical,
  type PredicateNode,
  type QueryPorts,
} from '@topgun/core';
import { authPathsOf, claimUnder } from './authRefs.js';
import { isFields, onlyFields } from './fields.js';

/** One READ policy that applies; `at` is its place in the policy set. */
export interface ReadRule {
  readonly at: number;
  readonly where: PredicateNode | undefined;
  readonly fields: ReadonlySet<string> | undefined;
}

/**
 * How a map looks to a principal: which rows, and which of their fields. A row is seen when one rule's predicate holds;
 * its fields are those of all the rules that hold for it.
 */
export class View {
  /**
   * Equal for two principals exactly when they see the same: the rules that apply, the version of the policy set, and
   * every claim the rules read. Everybody who sees a whole map has the same one, whatever the policies say.
   */
  readonly signature: string;
  /** Every row with all fields. */
  readonly isWhole: boolean;
  /** No row at all. */
  readonly isBlind: boolean;
  readonly #rules: readonly {
    readonly test: CompiledPredicate | undefined;
    readonly fields: ReadonlySet<string> | undefined;
  }[];
  readonly #context: { readonly auth: Readonly<Record<string, unknown>> };

  constructor(
    rules: readonly ReadRule[],
    auth: Readonly<Record<string, unknown>>,
    version: number,
    ports?: QueryPorts,
  ) {
    this.isWhole = rules.some((rule) => rule.where === undefined && rule.fields === undefined);
    this.isBlind = rules.length === 0;
    this.#context = { auth };
    this.#rules = rules.map(({ where, fields }) => ({
      test: where === undefined ? undefined : compilePredicate(where, ports),
      fields,
    }));
    this.signature = this.isWhole ? 'whole' : this.isBlind ? 'blind' : signatureOf(rules, auth, version);
  }

  /** Whether a top-level field is seen in every row that is; undefined = the value itself. */
  shows(field: string | undefined): boolean {
    return this.#rules.every(
      ({ fields }) => fields === undefined || (field !== undefined && fields.has(field)),
    );
  }

  /** What of a value is seen; undefined when the row is not. A mask hides a value that has no fields. */
  project(value: unknown): unknown {
    if (this.isWhole || value === undefined) return value;
    let seen: Set<string> | undefined;
    for (const { test, fields } of this.#rules) {
      if (test !== undefined && !test(value, this.#context)) continue;
      if (fields === undefined) return value;
      seen ??= new Set();
      for (const name of fields) seen.add(name);
    }
    return seen === undefined || !isFields(value) ? undefined : onlyFields(value, seen);
  }
}

function signatureOf(
  rules: readonly ReadRule[],
  auth: Readonly<Record<string, unknown>>,
  version: number,
): string {
  const paths = new Set(rules.flatMap((rule) => (rule.where === undefined ? [] : authPathsOf(rule.where))));
  const claims = [...paths].sort().map((path) => {
    const claim = claimUnder(auth, path);
    return claim === undefined ? [path] : [path, claim];
  });
  // Canonical bytes, not a hash: two principals who see different things must never share a signature.
  const bytes = encodeCanonical([version, rules.map((rule) => rule.at), claims]);
  let signature = '';
  for (const byte of bytes) signature += String.fromCharCode(byte);
  return signature;
}
