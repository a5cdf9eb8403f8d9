import type { IStorageAdapter, StoreKey, StoreTx } from '@topgun/client';
import { checkStoreKey, checkStoreTx, keyOfLife, LIFE_KEY, storageError } from '@topgun/client';
import * as LIMITS from '@topgun/protocol/limits';
import { compareStoreKeys } from '../keys/compareStoreKeys.js';
import { type AppKey, StoreCipher } from './StoreCipher.js';

export interface EncryptedStorageOptions {
  /** Where the sealed rows are kept: any adapter. */
  readonly storage: IStorageAdapter;
  /** A CryptoKey for AES-GCM (`encrypt`) or HKDF (`deriveKey`), extractable or not, or 16 and more random bytes; no password. */
  readonly key: AppKey;
}

/** The only row, beside the one that names the store's life, whose place can be read. No token is as long as its segment, so no row of the app lies there. */
const CHECK_KEY: StoreKey = ['topgun:encrypted'];
const CHECK_TEXT = 'the key is right';

/**
 * Hides what another storage keeps: keys, values, names of maps and tags. In browsers and Node, by WebCrypto.
 *
 * Whoever reads the store without the key learns how many rows lie under a common prefix, how long their values are, and when
 * they change. `open` rejects with `STORAGE_WRONG_KEY` when the key is not that of the store, or the store is not encrypted;
 * a row that was tampered with is `STORAGE_DAMAGED`. How to change the key: docs/decisions/0011.
 *
 * ```ts
 * const storage = new EncryptedStorageAdapter({ storage: new IDBAdapter(), key });
 * ```
 */
export class EncryptedStorageAdapter implements IStorageAdapter {
  readonly #inner: IStorageAdapter;
  readonly #key: AppKey;
  #cipher: Promise<StoreCipher> | undefined;
  /** The next transaction brings the row that tells whether a key is right. */
  #lacksCheck = false;
  /** Ends with the call before: calls reach the storage one by one, in the order they were made. */
  #line: Promise<unknown> = Promise.resolve();

  constructor(options: EncryptedStorageOptions) {
    this.#inner = options.storage;
    this.#key = options.key;
    // What opens again may be another store.
    this.#inner.onLost(() => {
      this.#cipher = undefined;
    });
  }

  async open(name: string): Promise<void> {
    const opening = this.#inner.open(name);
    if (this.#cipher === undefined) {
      const cipher = opening.then(() => this.#unlock(name));
      this.#cipher = cipher;
      cipher.catch(() => {
        if (this.#cipher === cipher) this.#cipher = undefined;
      });
    }
    const cipher = this.#cipher;
    // The storage refuses another name while it is open.
    await opening;
    await cipher;
  }

  async tx(batch: StoreTx): Promise<number> {
    checkStoreTx(batch);
    return this.#inLine('tx', async (cipher) => {
      // Everything is sealed before the storage opens its transaction, which would not wait for it.
      const { isChecked, ...sealed } = await this.#seal(cipher, batch);
      const commit = await this.#inner.tx(sealed);
      if (isChecked) this.#lacksCheck = false;
      return commit;
    });
  }

  async get(key: StoreKey): Promise<unknown> {
    checkStoreKey(key);
    return this.#inLine('get', async (cipher) => {
      if (isLife(key)) return this.#inner.get(key);
      const tokens = await cipher.tokensOf(key);
      const row = await this.#inner.get(tokens);
      return row === undefined ? undefined : (await openRow(cipher, tokens, row))[1];
    });
  }

  async iterate(prefix: StoreKey, visit: (key: StoreKey, value: unknown) => void): Promise<number> {
    return this.#inLine('iterate', async (cipher) => {
      const place = isLife(prefix) ? prefix : await cipher.tokensOf(prefix);
      const { rows, life, commit } = await this.#sealedRows(place);
      const opened: (readonly [StoreKey, unknown])[] = [...life];
      const own = await this.#ownRows(cipher, rows, life[0]?.[1]);
      for (let i = 0; i < own.length; i += LIMITS.storeRowsPerRead) {
        const page = own.slice(i, i + LIMITS.storeRowsPerRead);
        opened.push(...(await Promise.all(page.map(([tokens, row]) => openRow(cipher, tokens, row)))));
      }
      opened.sort(([a], [b]) => compareStoreKeys(a, b));
      for (const [key, value] of opened) visit(key, value);
      return commit;
    });
  }

  estimate(): Promise<{ usageBytes: number; quotaBytes: number } | undefined> {
    return this.#inner.estimate();
  }

  onLost(cb: (reason: string) => void): void {
    this.#inner.onLost(cb);
  }

  /** The row that names the life of the store stays in the clear: it says nothing, and who logs out may come back with another key. */
  async wipe(puts: StoreTx['puts'] = []): Promise<void> {
    checkStoreTx({ puts, deletes: [] });
    await this.#inLine('wipe', async (cipher) => {
      const kept = puts.map(async ([key, value]) =>
        isLife(key) ? ([key, value] as const) : cipher.seal(key, value),
      );
      await this.#inner.wipe(await Promise.all(kept));
      this.#lacksCheck = true;
    });
  }

  async close(): Promise<void> {
    this.#cipher = undefined;
    await this.#line;
    await this.#inner.close();
  }

  /** The cipher, once it has opened the row that tells of its key; in a store that has none, any row. */
  async #unlock(name: string): Promise<StoreCipher> {
    const cipher = await StoreCipher.of(this.#key, name);
    let sample: readonly [StoreKey, unknown] | undefined = [CHECK_KEY, await this.#inner.get(CHECK_KEY)];
    this.#lacksCheck = sample[1] === undefined;
    // Another tab may have wiped the store and written since.
    if (this.#lacksCheck) {
      const { rows, life } = await this.#sealedRows([]);
      [sample] = await this.#ownRows(cipher, rows, life[0]?.[1]);
    }
    if (sample === undefined) return cipher;
    try {
      await cipher.open(...sample);
    } catch (cause) {
      throw storageError('STORAGE_WRONG_KEY', `The key does not open store "${name}"`, cause);
    }
    return cipher;
  }

  async #seal(
    cipher: StoreCipher,
    { puts, deletes, durability }: StoreTx,
  ): Promise<StoreTx & { isChecked: boolean }> {
    const isChecked = this.#lacksCheck;
    const sealed = await Promise.all(
      puts.map(async ([key, value]) => (isLife(key) ? ([key, value] as const) : cipher.seal(key, value))),
    );
    if (isChecked) sealed.push([CHECK_KEY, (await cipher.seal(CHECK_KEY, CHECK_TEXT, CHECK_KEY))[1]]);
    return {
      puts: sealed,
      deletes: await Promise.all(deletes.map((key) => cipher.tokensOf(key))),
      ...(durability && { durability }),
      isChecked,
    };
  }

  async #sealedRows(tokens: StoreKey): Promise<{ rows: Row[]; life: Row[]; commit: number }> {
    const rows: Row[] = [];
    const life: Row[] = [];
    const commit = await this.#inner.iterate(tokens, (place, row) => {
      if (isLife(place)) life.push([place, row]);
      else if (place[0] !== CHECK_KEY[0]) rows.push([place, row]);
    });
    return { rows, life, commit };
  }

  /** Without rows that a tab has left of a life before this one: they may be sealed under another key, and nobody asks for them. */
  async #ownRows(cipher: StoreCipher, rows: readonly Row[], life: unknown): Promise<readonly Row[]> {
    if (typeof life !== 'string') return rows;
    const place = await cipher.tokensOf(keyOfLife(life));
    return rows.filter(([tokens]) => place.every((token, i) => token === tokens[i]));
  }

  #inLine<T>(call: string, work: (cipher: StoreCipher) => Promise<T>): Promise<T> {
    const cipher = this.#cipher;
    const result = this.#line.then(async () => {
      if (cipher !== undefined) return work(await cipher);
      // Whether it was never opened, closed or lost, the storage knows best.
      await this.#inner.get(CHECK_KEY);
      throw storageError('STORAGE_CLOSED', `${call}() on an encrypted store that is not open`);
    });
    this.#line = result.catch(() => undefined); // Its caller is told.
    return result;
  }
}

type Row = readonly [StoreKey, unknown];

const isLife = ([table]: StoreKey): boolean => table === LIFE_KEY[0];

async function openRow(
  cipher: StoreCipher,
  tokens: StoreKey,
  row: unknown,
): Promise<readonly [StoreKey, unknown]> {
  try {
    return await cipher.open(tokens, row);
  } catch (cause) {
    throw storageError('STORAGE_DAMAGED', 'A row of the encrypted store does not match its seal', cause);
  }
}
