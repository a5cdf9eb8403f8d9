import { exactKey } from '../../engine/exactKey.js';
import { claimUnder } from './authRefs.js';
import { type CompiledPolicy, isMet } from './CompiledPolicy.js';
import { isFields, onlyFields } from './fields.js';
import type { Auth, AuthContext } from './Policy.js';

/**
 * How a map looks to a principal: which rows, and which of their fields. A row is seen when one policy's predicate holds;
 * its fields are those of all the policies that hold for it.
 */
export class View {
  /**
   * Equal for two principals exactly when they see the same: what the policies that apply show, and every claim that these
   * read. Everybody who sees a whole map has the same one, whatever the policies say.
   */
  readonly signature: string;
  /** Every row with all fields. */
  readonly isWhole: boolean;
  /** No row at all. */
  readonly isBlind: boolean;
  readonly #rules: readonly CompiledPolicy[];
  readonly #context: AuthContext;

  /** `rules`: the policies that allow READ. */
  constructor(rules: readonly CompiledPolicy[], auth: Auth) {
    this.isWhole = rules.some((rule) => rule.test === undefined && rule.fields === undefined);
    this.isBlind = rules.length === 0;
    this.#context = { auth };
    this.#rules = rules;
    this.signature = this.isWhole ? 'whole' : this.isBlind ? 'blind' : signatureOf(rules, auth);
  }

  /** Whether a top-level field is seen in every row that is; undefined = the value itself. */
  shows(field: string | undefined): boolean {
    return this.#rules.every(
      ({ fields }) => fields === undefined || (field !== undefined && fields.has(field)),
    );
  }

  /** Whether a top-level field is seen in no row (PERM-9). */
  hides(field: string): boolean {
    return this.#rules.every(({ fields }) => fields !== undefined && !fields.has(field));
  }

  /** What of a value is seen; undefined when the row is not. A mask hides a value that has no fields. */
  project(value: unknown): unknown {
    if (this.isWhole || value === undefined) return value;
    let seen: Set<string> | undefined;
    for (const rule of this.#rules) {
      if (!isMet(rule, value, this.#context)) continue;
      if (rule.fields === undefined) return value;
      seen ??= new Set();
      for (const name of rule.fields) seen.add(name);
    }
    return seen === undefined || !isFields(value) ? undefined : onlyFields(value, seen);
  }
}

function signatureOf(rules: readonly CompiledPolicy[], auth: Auth): string {
  const readings = [...new Set(rules.map(({ reading }) => reading))].sort((a, b) => a - b);
  const paths = [...new Set(rules.flatMap(({ authPaths }) => authPaths))].sort();
  const claims = paths.map((path) => {
    const claim = claimUnder(auth, path);
    return claim === undefined ? [path] : [path, claim];
  });
  return exactKey([readings, claims]);
}
