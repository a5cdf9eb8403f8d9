import { configuredKeys, issuanceOf, type KeySettings } from './configuredKeys.js';
import { type FetchText, Jwks } from './Jwks.js';
import { type KeyHint, KeySet } from './KeySet.js';
import type { TokenKey } from './TokenKey.js';

export interface KeyRingParts {
  /** Default: over HTTP. */
  readonly fetchText?: FetchText;
}

/** All keys that check tokens now: those of files and settings, those of the JWKS, and the server's own. */
export class KeyRing {
  readonly #settings: KeySettings;
  /** keys that the server makes for itself */
  #own: readonly TokenKey[] = [];
  readonly #jwks: Jwks | undefined;
  #fixed: KeySet;
  /** the set last made, and what it was made of */
  #whole:
    | { readonly set: KeySet; readonly fixed: KeySet; readonly published: readonly TokenKey[] }
    | undefined;

  /** Throws AUTH_KEY_INVALID for keys that are not in order. */
  constructor(settings: KeySettings, { fetchText }: KeyRingParts = {}) {
    this.#settings = settings;
    const { jwksUrl } = settings;
    this.#jwks = jwksUrl === undefined ? undefined : new Jwks(jwksUrl, issuanceOf(settings), fetchText);
    this.#fixed = this.#read();
  }

  /** Whether there is a source of keys besides the server's own. */
  get isEmpty(): boolean {
    return this.#jwks === undefined && this.#fixed.keys.length === this.#own.length;
  }

  /** A key of the server's own. Throws AUTH_KEY_INVALID when another one has its name. */
  adopt(key: TokenKey): void {
    this.#own = [...this.#own, key];
    this.#fixed = this.#read();
  }

  /** Reads files again. Throws AUTH_KEY_INVALID, and the old keys stay. True when keys changed. */
  reload(): boolean {
    const old = this.#fixed;
    const fresh = this.#read();
    if (fresh.keys.length === old.keys.length && fresh.keys.every(({ id }) => old.has(id))) return false;
    this.#fixed = fresh;
    return true;
  }

  /** Fetches the JWKS if that is due, or asked for. Resolves with what went wrong; never rejects. */
  async refresh(nowMs: number, isAsked = false): Promise<string | undefined> {
    return isAsked ? this.#jwks?.seek(nowMs) : this.#jwks?.refresh(nowMs);
  }

  /** Whether a key may still be believed. */
  has(id: string, nowMs: number): boolean {
    return this.#set(nowMs).has(id);
  }

  /** The keys that may have signed a token; 'unknown yet' when a JWKS could tell and cannot be had now. */
  async find(hint: KeyHint, nowMs: number): Promise<readonly TokenKey[] | 'unknown yet'> {
    const set = this.#set(nowMs);
    const known = set.find(hint);
    // A JWKS holds no secrets, but perhaps the very key that the token names.
    const couldTell = hint.alg !== 'HS256' && hint.kid !== undefined && !set.names(hint.kid);
    if (this.#jwks === undefined || (known.length > 0 && !couldTell) || hint.alg === 'HS256') return known;
    await this.#jwks.seek(nowMs);
    const found = this.#set(nowMs).find(hint);
    return found.length > 0 || this.#jwks.isUsable(nowMs) ? found : 'unknown yet';
  }

  #set(nowMs: number): KeySet {
    const published = this.#jwks?.keys(nowMs) ?? NONE;
    const last = this.#whole;
    if (last?.fixed === this.#fixed && last.published === published) return last.set;
    const set = new KeySet([...this.#fixed.keys, ...published]);
    this.#whole = { set, fixed: this.#fixed, published };
    return set;
  }

  #read(): KeySet {
    return KeySet.checked([...this.#own, ...configuredKeys(this.#settings)]);
  }
}

const NONE: readonly TokenKey[] = [];
