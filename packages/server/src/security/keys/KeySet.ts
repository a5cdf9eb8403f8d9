import { LIMITS } from '@topgun/protocol';
import { serverError } from '../../errors.js';
import type { TokenKey } from './TokenKey.js';

/** What a token's header says about its key; whatever it says is only compared. */
export interface KeyHint {
  readonly alg: string;
  readonly kid?: string | undefined;
}

/** Keys by name and algorithm. Immutable: other keys are another set. */
export class KeySet {
  readonly keys: readonly TokenKey[];
  readonly #ids: ReadonlySet<string>;

  constructor(keys: readonly TokenKey[]) {
    this.keys = keys;
    this.#ids = new Set(keys.map(({ id }) => id));
  }

  /** A set from the settings. Throws AUTH_KEY_INVALID where names are not unique, or tokens would be tried with too many keys. */
  static checked(keys: readonly TokenKey[]): KeySet {
    const kids = keys.flatMap(({ kid }) => kid ?? []);
    const twice = kids.find((kid, at) => kids.indexOf(kid) !== at);
    if (twice !== undefined) throw serverError('AUTH_KEY_INVALID', `Two keys are named ${twice}.`);
    for (const { alg } of keys) {
      const unnamed = keys.filter((key) => key.kid === undefined && key.alg === alg).length;
      if (unnamed <= LIMITS.unnamedKeysPerAlg) continue;
      const message = `${unnamed} keys for ${alg} have no kid; at most ${LIMITS.unnamedKeysPerAlg} may.`;
      throw serverError('AUTH_KEY_INVALID', message);
    }
    return new KeySet(keys);
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /** Whether a key bears this name. */
  names(kid: string): boolean {
    return this.keys.some((key) => key.kid === kid);
  }

  /** The keys that may have signed a token (AUTH-2). */
  find({ alg, kid }: KeyHint): readonly TokenKey[] {
    const ofAlg = this.keys.filter((key) => key.alg === alg);
    if (kid !== undefined && this.names(kid)) return ofAlg.filter((key) => key.kid === kid);
    const unnamed = ofAlg.filter((key) => key.kid === undefined).slice(0, LIMITS.unnamedKeysPerAlg);
    if (unnamed.length > 0 || kid !== undefined) return unnamed;
    return ofAlg.length === 1 ? ofAlg : [];
  }
}
