import type { IStorageAdapter, StoreKey, StoreTx } from '@topgun/client';
import { checkStoreKey, checkStoreTx, storageError } from '@topgun/client';
import * as LIMITS from '@topgun/protocol/limits';
import type { IDBPDatabase } from 'idb';
import { openDB, unwrap } from 'idb';
import { toStorageError } from './toStorageError.js';

/** Layout version of the database; raised only together with a migration in `upgrade`. */
const LAYOUT_VERSION = 1;
const ROWS = 'rows';
/** The commit number is a row like any other. Strings sort before arrays, so no range of keys contains it. */
const COMMIT_KEY = 'commit';

/** Every key that begins with the prefix: in IndexedDB's order an array is greater than any string. */
const rangeOf = (prefix: StoreKey, after?: IDBValidKey): IDBKeyRange =>
  IDBKeyRange.bound(after ?? [...prefix], [...prefix, []], after !== undefined, true);

/**
 * Client storage in IndexedDB: the one for browsers, and for Node with an IndexedDB of your own.
 *
 * `open` may be called without awaiting it: transactions wait for it and run in the order they were called. One
 * call of `tx` is one IndexedDB transaction, which also raises the commit number. The default durability is
 * `relaxed`: the browser may report success before the bytes are on disk, but never loses an earlier commit and
 * keeps a later one. When the browser evicts the store, or another tab needs a newer layout, `onLost` is called.
 */
export class IDBAdapter implements IStorageAdapter {
  readonly #lostListeners = new Set<(reason: string) => void>();
  #name = '';
  #opening: Promise<IDBPDatabase> | undefined;
  #lost = '';

  open(name: string): Promise<void> {
    if (this.#opening === undefined) {
      this.#name = name;
      this.#lost = '';
      const opening = this.#connect(name);
      this.#opening = opening;
      // So that it can be tried again; whoever waits for it is told of the failure.
      opening.catch(() => {
        if (this.#opening === opening) this.#opening = undefined;
      });
    } else if (name !== this.#name) {
      return Promise.reject(
        storageError('STORAGE_UNAVAILABLE', `This adapter holds store "${this.#name}", not "${name}"`),
      );
    }
    return this.#opening.then(() => undefined);
  }

  async tx(batch: StoreTx): Promise<number> {
    checkStoreTx(batch);
    return this.#use('tx', async (db) => {
      const tx = db.transaction(ROWS, 'readwrite', { durability: batch.durability ?? 'relaxed' });
      const commit = this.#nextCommit(unwrap(tx.store), tx.done);
      try {
        // The requests themselves, not promises of them: the transaction's own end tells of every failure.
        const rows = unwrap(tx.store);
        for (const [key, value] of batch.puts) rows.put(value, [...key]);
        for (const key of batch.deletes) rows.delete([...key]);
      } catch (fault) {
        tx.abort();
        await commit.catch(() => undefined); // the abort just asked for; `fault` is the reason
        throw fault;
      }
      return commit;
    });
  }

  async get(key: StoreKey): Promise<unknown> {
    checkStoreKey(key);
    return this.#use('get', (db) => db.get(ROWS, [...key]));
  }

  async iterate(prefix: StoreKey, visit: (key: StoreKey, value: unknown) => void): Promise<number> {
    return this.#use('iterate', async (db) => {
      const tx = db.transaction(ROWS, 'readonly');
      const commit = ((await tx.store.get(COMMIT_KEY)) as number | undefined) ?? 0;
      const page = LIMITS.storeRowsPerRead;
      let range = rangeOf(prefix);
      for (;;) {
        const [keys, values] = await Promise.all([
          tx.store.getAllKeys(range, page),
          tx.store.getAll(range, page),
        ]);
        for (let i = 0; i < keys.length; i++) visit(keys[i] as string[], values[i]);
        const last = keys.at(-1);
        if (keys.length < page || last === undefined) return commit;
        range = rangeOf(prefix, last);
      }
    });
  }

  async estimate(): Promise<{ usageBytes: number; quotaBytes: number } | undefined> {
    const { usage, quota } = (await globalThis.navigator?.storage?.estimate?.()) ?? {};
    return usage === undefined || quota === undefined ? undefined : { usageBytes: usage, quotaBytes: quota };
  }

  onLost(cb: (reason: string) => void): void {
    this.#lostListeners.add(cb);
  }

  async wipe(): Promise<void> {
    await this.#use('wipe', async (db) => {
      const tx = db.transaction(ROWS, 'readwrite', { durability: 'strict' });
      const rows = unwrap(tx.store);
      const commit = this.#nextCommit(rows, tx.done);
      rows.delete(IDBKeyRange.bound([], [[]]));
      await commit;
    });
  }

  async close(): Promise<void> {
    const opening = this.#opening;
    this.#opening = undefined;
    this.#lost = '';
    const db = await opening?.catch(() => undefined); // an open that failed left nothing to close
    db?.close();
  }

  async #connect(name: string): Promise<IDBPDatabase> {
    try {
      const db: IDBPDatabase = await openDB(name, LAYOUT_VERSION, {
        upgrade: (database) => {
          database.createObjectStore(ROWS);
        },
        blocked: () => this.#tellLost('another tab holds an older version of the store'),
        blocking: () => this.#drop(db, 'another tab replaces the store'),
        terminated: () => this.#drop(db, 'the browser closed the store'),
      });
      return db;
    } catch (cause) {
      throw toStorageError(name, 'open', cause);
    }
  }

  /** Raises the commit number inside the transaction, so that it counts exactly the commits that happened. */
  async #nextCommit(rows: IDBObjectStore, done: Promise<void>): Promise<number> {
    let commit = 0;
    const read = rows.get(COMMIT_KEY);
    read.onsuccess = () => {
      commit = ((read.result as number | undefined) ?? 0) + 1;
      rows.put(commit, COMMIT_KEY);
    };
    await done;
    return commit;
  }

  /** Does something with the open database; whatever goes wrong there ends as a typed error. */
  async #use<T>(call: string, work: (db: IDBPDatabase) => Promise<T>): Promise<T> {
    try {
      if (this.#opening !== undefined) return await work(await this.#opening);
    } catch (cause) {
      throw toStorageError(this.#name, call, cause);
    }
    const code = this.#lost === '' ? 'STORAGE_CLOSED' : 'STORAGE_LOST';
    throw storageError(code, `${call}() on store "${this.#name}": ${this.#lost || 'not open'}`);
  }

  #drop(db: IDBPDatabase, reason: string): void {
    db.close();
    this.#opening = undefined;
    this.#lost = reason;
    this.#tellLost(reason);
  }

  #tellLost(reason: string): void {
    for (const cb of [...this.#lostListeners]) cb(reason);
  }
}
