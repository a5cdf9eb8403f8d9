/**
 * How an encrypted store hides its rows (docs/decisions/0011).
 *
 * A row lies under one token per segment of its key: HMAC-SHA-256, cut to 128 bits, of the segment and all before it.
 * Equal prefixes have equal tokens, so the store below can go on finding rows by prefix, and nothing else can be read from
 * them. HMAC and not a cipher, because WebCrypto has none that is deterministic and safe, and the key need not be read
 * back: it stands, with the value, in the sealed text. That is AES-GCM with the tokens as additional data, so that no row can
 * be put in the place of another.
 *
 *   byte  0       form, 1
 *   bytes 1..16   salt of the writer
 *   bytes 17..28  nonce, random
 *   then          sealed [key, value], and 16 bytes of tag
 *
 * Random nonces of 96 bits must stay below 2^32 uses of a key (NIST SP 800-38D, 8.3). Each adapter draws a salt of 128 bits and
 * seals under a key derived with it by HKDF, and another one after `sealsPerKey` rows: nobody has to count across tabs and years.
 */
import type { StoreKey } from '@topgun/client';
import { storageError } from '@topgun/client';
import { assertAdmitted } from '@topgun/core';
import { pack, unpackFrame } from '@topgun/protocol/device';
import * as LIMITS from '@topgun/protocol/limits';

const FORM = 1;
const SALT_BYTES = 16;
const NONCE_BYTES = 12;
const HEAD_BYTES = 1 + SALT_BYTES + NONCE_BYTES;
const TOKEN_BYTES = 16;

/** What a stored value may be: what a map admits, and a few levels around it. */
const STORED = {
  depth: LIMITS.depthFromServer - 2,
  nodes: LIMITS.nodesFromServer,
  textBytes: LIMITS.stringBytes,
};

/** A key as the app hands it over: AES-GCM or HKDF, or at least 16 random bytes. */
export type AppKey = CryptoKey | Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();
const bytesOf = (text: string): Uint8Array<ArrayBuffer> => encoder.encode(text);

export class StoreCipher {
  readonly #root: CryptoKey;
  readonly #tokenKey: CryptoKey;
  readonly #store: Uint8Array<ArrayBuffer>;
  /** Tokens of prefixes, which many rows share. */
  readonly #tokens = new Map<string, Promise<string>>();
  /** Keys of the writers of what was read, by their salt. */
  readonly #openers = new Map<string, Promise<CryptoKey>>();
  #salt = new Uint8Array(SALT_BYTES);
  #sealer: Promise<CryptoKey> | undefined;
  #seals = 0;

  private constructor(root: CryptoKey, tokenKey: CryptoKey, store: Uint8Array<ArrayBuffer>) {
    this.#root = root;
    this.#tokenKey = tokenKey;
    this.#store = store;
  }

  /** The cipher of the store of this name. Rejects with `STORAGE_KEY_INVALID` for a key that can do neither. */
  static async of(key: AppKey, name: string): Promise<StoreCipher> {
    const root = await rootOf(key);
    const store = bytesOf(name);
    const tokenKey = await crypto.subtle.deriveKey(
      { name: 'HKDF', hash: 'SHA-256', salt: store, info: bytesOf('topgun keys') },
      root,
      { name: 'HMAC', hash: 'SHA-256', length: 256 },
      false,
      ['sign'],
    );
    return new StoreCipher(root, tokenKey, store);
  }

  /** One token for each segment. */
  async tokensOf(key: StoreKey): Promise<string[]> {
    const tokens: Promise<string>[] = [];
    for (let i = 1; i <= key.length; i++) tokens.push(this.#tokenOf(key.slice(0, i), i < STEM_SEGMENTS));
    return Promise.all(tokens);
  }

  /** Throws `STORAGE_VALUE` for what would not come back exactly. The row lies under the tokens of its key, unless others are given. */
  async seal(
    key: StoreKey,
    value: unknown,
    place?: StoreKey,
  ): Promise<readonly [tokens: StoreKey, sealed: Uint8Array]> {
    const text = packRow(key, value);
    const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
    const { salt, sealer } = this.#nextSealer();
    const tokens = place ?? (await this.tokensOf(key));
    const algorithm = { name: 'AES-GCM', iv: nonce, additionalData: bytesOf(tokens.join('.')) };
    const sealed = new Uint8Array(await crypto.subtle.encrypt(algorithm, await sealer, text));
    const row = new Uint8Array(HEAD_BYTES + sealed.length);
    row[0] = FORM;
    row.set(salt, 1);
    row.set(nonce, 1 + SALT_BYTES);
    row.set(sealed, HEAD_BYTES);
    return [tokens, row];
  }

  /** Rejects when the row was sealed under another key, lay under other tokens, or was changed. */
  async open(tokens: StoreKey, row: unknown): Promise<readonly [key: StoreKey, value: unknown]> {
    if (!(row instanceof Uint8Array) || row[0] !== FORM) throw new TypeError('not a sealed row');
    const iv = row.slice(1 + SALT_BYTES, HEAD_BYTES);
    const algorithm = { name: 'AES-GCM', iv, additionalData: bytesOf(tokens.join('.')) };
    const opener = await this.#openerOf(row.slice(1, 1 + SALT_BYTES));
    const text = await crypto.subtle.decrypt(algorithm, opener, row.slice(HEAD_BYTES));
    // Its tag vouches that packRow wrote it.
    return unpackFrame(new Uint8Array(text)) as unknown as [StoreKey, unknown];
  }

  #nextSealer(): { salt: Uint8Array<ArrayBuffer>; sealer: Promise<CryptoKey> } {
    if (this.#sealer === undefined || this.#seals >= LIMITS.sealsPerKey) {
      this.#salt = crypto.getRandomValues(new Uint8Array(SALT_BYTES));
      this.#sealer = this.#keyFor(this.#salt);
      this.#seals = 0;
    }
    this.#seals += 1;
    return { salt: this.#salt, sealer: this.#sealer };
  }

  #openerOf(salt: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
    const id = salt.join();
    return remember(this.#openers, id, () => this.#keyFor(salt));
  }

  #keyFor(salt: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
    const all = new Uint8Array(SALT_BYTES + this.#store.length);
    all.set(salt);
    all.set(this.#store, SALT_BYTES);
    return crypto.subtle.deriveKey(
      { name: 'HKDF', hash: 'SHA-256', salt: all, info: bytesOf('topgun values') },
      this.#root,
      { name: 'AES-GCM', length: 256 },
      false,
      ['encrypt', 'decrypt'],
    );
  }

  #tokenOf(path: StoreKey, isShared: boolean): Promise<string> {
    // As JSON no two paths are the same text.
    const text = JSON.stringify(path);
    return isShared ? remember(this.#tokens, text, () => this.#sign(text)) : this.#sign(text);
  }

  async #sign(text: string): Promise<string> {
    const mac = new Uint8Array(await crypto.subtle.sign('HMAC', this.#tokenKey, bytesOf(text)));
    let token = '';
    for (const byte of mac.subarray(0, TOKEN_BYTES)) token += byte.toString(16).padStart(2, '0');
    return token;
  }
}

/** Segments before this one name tables and maps, of which there are few. */
const STEM_SEGMENTS = 3;

function packRow(key: StoreKey, value: unknown): Uint8Array<ArrayBuffer> {
  try {
    if (value !== null) assertAdmitted(value, STORED);
    assertAdmitted([...key], STORED);
  } catch (cause) {
    throw storageError('STORAGE_VALUE', `A value under [${key.join(', ')}] cannot be stored`, cause);
  }
  // What pack makes has a buffer of its own.
  const text = pack([key, value]) as Uint8Array<ArrayBuffer>;
  if (text.length > LIMITS.frameBytesFromServer) {
    throw storageError('STORAGE_VALUE', `${text.length} bytes under [${key.join(', ')}]; 1 MiB fits`);
  }
  return text;
}

/** Keeps the last results; the oldest go. */
function remember<T>(known: Map<string, Promise<T>>, id: string, make: () => Promise<T>): Promise<T> {
  let found = known.get(id);
  if (found === undefined) {
    if (known.size >= LIMITS.cipherMemos) known.delete(known.keys().next().value as string);
    found = make();
    known.set(id, found);
  }
  return found;
}

/** The secret that all keys of a store are derived from. */
async function rootOf(key: AppKey): Promise<CryptoKey> {
  const { subtle } = crypto;
  const secretToRoot = (secret: BufferSource): Promise<CryptoKey> =>
    subtle.importKey('raw', secret, 'HKDF', false, ['deriveKey']);
  if (key instanceof Uint8Array) {
    if (key.length >= SALT_BYTES) return secretToRoot(key);
    throw storageError('STORAGE_KEY_INVALID', `The key has ${key.length} bytes`);
  }
  const can = `${key.algorithm.name} for ${key.usages.join(', ') || 'nothing'}`;
  if (key.algorithm.name === 'HKDF' && key.usages.includes('deriveKey')) return key;
  if (key.algorithm.name === 'AES-GCM' && key.usages.includes('encrypt')) {
    // GCM under a constant nonce gives the cipher's own key stream, which nobody can tell from random bytes. It is used for
    // this alone: rows are sealed under keys derived from it.
    const stream = await subtle.encrypt(
      { name: 'AES-GCM', iv: bytesOf('topgun store') },
      key,
      new Uint8Array(32),
    );
    return secretToRoot(stream.slice(0, 32));
  }
  throw storageError('STORAGE_KEY_INVALID', `The key is one of ${can}`);
}
