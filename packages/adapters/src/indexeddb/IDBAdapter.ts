import type { IStorageAdapter, StoreKey, StoreTx } from '@topgun/client';
import { checkStoreKey, checkStoreTx, storageError } from '@topgun/client';
import * as LIMITS from '@topgun/protocol/limits';
import { openDB } from 'idb';
import { type ChunkDatabase, GONE, groupRows, LOG, readLog, readSnapshot, SNAPSHOT } from './chunks.js';
import { committed } from './committed.js';
import { compact } from './compact.js';
import { toStorageError } from './toStorageError.js';
import { upgrade } from './upgrade.js';

/** Layout version of the database; raised only together with `upgrade`. */
const LAYOUT_VERSION = 2;

/**
 * Client storage in IndexedDB: the one for browsers, and for Node with an IndexedDB of your own.
 *
 * `open` may be called without awaiting it: transactions wait for it and run in the order they were called. One
 * call of `tx` is one IndexedDB transaction with one write, whatever the number of rows. The default durability is
 * `relaxed`: the browser may report success before the bytes are on disk, but never loses an earlier commit and
 * keeps a later one. When the browser evicts the store, or another tab needs a newer layout, `onLost` is called.
 */
export class IDBAdapter implements IStorageAdapter {
  readonly #lostListeners = new Set<(reason: string) => void>();
  #name = '';
  #opening: Promise<ChunkDatabase> | undefined;
  #lost = '';
  /** What reading the log costs by now, in rows, and from where on it is worth moving into the snapshot. */
  #logCost = 0;
  #compactAt = LIMITS.logRowsMin;
  #isCompacting = false;

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

  async tx({ puts, deletes, durability }: StoreTx): Promise<number> {
    checkStoreTx({ puts, deletes });
    return this.#use('tx', async (db) => {
      const chunk = groupRows(puts);
      groupRows(
        deletes.map((key) => [key, GONE]),
        chunk,
      );
      const tx = db.transaction(LOG, 'readwrite', { durability: durability ?? 'relaxed' });
      const adding = tx.store.add(chunk);
      // Nothing follows: the browser need not come back to ask.
      tx.commit();
      const commit = await committed(tx, adding);
      this.#grown(db, LIMITS.logChunkCostRows + puts.length + deletes.length);
      return commit;
    });
  }

  async get(key: StoreKey): Promise<unknown> {
    checkStoreKey(key);
    let found: unknown;
    await this.iterate(key, (visited, value) => {
      if (visited.length === key.length) found = value;
    });
    return found;
  }

  async iterate(prefix: StoreKey, visit: (key: StoreKey, value: unknown) => void): Promise<number> {
    return this.#use('iterate', async (db) => {
      const tx = db.transaction([LOG, SNAPSHOT], 'readonly');
      const read = async () => {
        const tail = await readLog(tx.objectStore(LOG), prefix);
        return { ...tail, held: await readSnapshot(tx.objectStore(SNAPSHOT), prefix, tail.rows, visit) };
      };
      const { rows, chunks, commit, held } = await committed(tx, read());
      if (prefix.length === 0) {
        this.#setSize(held);
        this.#logCost = 0;
        this.#grown(db, chunks * LIMITS.logChunkCostRows + rows.length);
      }
      return commit;
    });
  }

  async estimate(): Promise<{ usageBytes: number; quotaBytes: number } | undefined> {
    const { usage, quota } = (await globalThis.navigator?.storage?.estimate?.()) ?? {};
    return usage === undefined || quota === undefined ? undefined : { usageBytes: usage, quotaBytes: quota };
  }

  onLost(cb: (reason: string) => void): void {
    this.#lostListeners.add(cb);
  }

  async wipe(puts: StoreTx['puts'] = []): Promise<void> {
    checkStoreTx({ puts, deletes: [] });
    await this.#use('wipe', async (db) => {
      const tx = db.transaction([LOG, SNAPSHOT], 'readwrite', { durability: 'strict' });
      const log = tx.objectStore(LOG);
      // What is cleared keeps its key generator: the next number is that of this commit.
      await committed(
        tx,
        Promise.all([tx.objectStore(SNAPSHOT).clear(), log.clear(), log.add(groupRows(puts))]),
      );
    });
  }

  async close(): Promise<void> {
    const opening = this.#opening;
    this.#opening = undefined;
    this.#lost = '';
    const db = await opening?.catch(() => undefined); // an open that failed left nothing to close
    db?.close();
  }

  async #connect(name: string): Promise<ChunkDatabase> {
    try {
      const db: ChunkDatabase = await openDB(name, LAYOUT_VERSION, {
        upgrade: (_db, _from, _to, tx) => upgrade(tx),
        blocked: () => this.#tellLost('another tab holds an older version of the store'),
        blocking: () => this.#drop(db, 'another tab replaces the store'),
        terminated: () => this.#drop(db, 'the browser closed the store'),
      });
      return db;
    } catch (cause) {
      throw toStorageError(name, 'open', cause);
    }
  }

  /** Counts what the log has taken in, and moves it into the snapshot once that is worth it. */
  #grown(db: ChunkDatabase, cost: number): void {
    this.#logCost += cost;
    if (this.#logCost < this.#compactAt || this.#isCompacting) return;
    this.#isCompacting = true;
    this.#logCost = 0;
    compact(db)
      .then((chunks) => chunks !== undefined && this.#setSize(chunks))
      // The store is closed or full: whoever uses it is told, and the log stays as it is.
      .catch(() => undefined)
      .finally(() => {
        this.#isCompacting = false;
      });
  }

  #setSize(chunks: number): void {
    this.#compactAt = LIMITS.logRowsMin + (chunks * LIMITS.storeRowsPerChunk) / 4;
  }

  /** Does something with the open database; whatever goes wrong there ends as a typed error. */
  async #use<T>(call: string, work: (db: ChunkDatabase) => Promise<T>): Promise<T> {
    try {
      if (this.#opening !== undefined) return await work(await this.#opening);
    } catch (cause) {
      throw toStorageError(this.#name, call, cause);
    }
    const code = this.#lost === '' ? 'STORAGE_CLOSED' : 'STORAGE_LOST';
    throw storageError(code, `${call}() on store "${this.#name}": ${this.#lost || 'not open'}`);
  }

  #drop(db: ChunkDatabase, reason: string): void {
    db.close();
    this.#opening = undefined;
    this.#lost = reason;
    this.#tellLost(reason);
  }

  #tellLost(reason: string): void {
    for (const cb of [...this.#lostListeners]) cb(reason);
  }
}
