import type { StoreKey, StoreTx } from '@topgun/client';
import * as LIMITS from '@topgun/protocol/limits';
import { encodeStoreKey } from '../keys/encodeStoreKey.js';

interface Row {
  readonly key: StoreKey;
  readonly value: unknown;
}

/** What a relaxed commit replaced, so that a power cut can take it back. */
type Undo = readonly (readonly [string, Row | undefined])[];

/** One store: rows, commit number, and who is connected. */
class MemoryStore {
  readonly rows = new Map<string, Row>();
  readonly connections = new Set<(reason: string) => void>();
  commit = 0;
  #unflushed: Undo[] = [];

  apply(batch: StoreTx): number {
    // Copied before anything changes: a value that cannot be stored must leave the store as it was.
    const puts = batch.puts.map(([key, value]) => ({ key: [...key], value: structuredClone(value) }));
    const undo: [string, Row | undefined][] = [];
    for (const row of puts) {
      const id = encodeStoreKey(row.key);
      undo.push([id, this.rows.get(id)]);
      this.rows.set(id, row);
    }
    for (const key of batch.deletes) {
      const id = encodeStoreKey(key);
      undo.push([id, this.rows.get(id)]);
      this.rows.delete(id);
    }
    this.commit += 1;
    this.#remember(undo, batch.durability === 'strict');
    return this.commit;
  }

  clear(puts: StoreTx['puts']): void {
    const kept = puts.map(([key, value]) => ({ key: [...key], value: structuredClone(value) }));
    this.rows.clear();
    for (const row of kept) this.rows.set(encodeStoreKey(row.key), row);
    this.commit += 1;
    this.#unflushed = [];
  }

  /** The newest commits that were not flushed disappear, in reverse order: what is left is a prefix of history. */
  loseRelaxed(commits: number): number {
    const lost = this.#unflushed.splice(Math.max(0, this.#unflushed.length - commits));
    for (const undo of lost.reverse()) {
      for (const [id, row] of [...undo].reverse()) {
        if (row === undefined) this.rows.delete(id);
        else this.rows.set(id, row);
      }
      this.commit -= 1;
    }
    this.#unflushed = [];
    return lost.length;
  }

  #remember(undo: Undo, flushed: boolean): void {
    if (flushed) {
      this.#unflushed = [];
      return;
    }
    this.#unflushed.push(undo);
    if (this.#unflushed.length > LIMITS.memoryUnflushedCommits) this.#unflushed.shift();
  }
}

/**
 * Holds named stores in memory, as a device's disk holds databases: adapters given the same disk and name share one
 * store, like tabs of one app. It lives as long as the object, whatever adapters come and go.
 */
export class MemoryDisk {
  readonly #stores = new Map<string, MemoryStore>();

  /** The store of this name, created empty when absent. */
  store(name: string): MemoryStore {
    let store = this.#stores.get(name);
    if (store === undefined) {
      store = new MemoryStore();
      this.#stores.set(name, store);
    }
    return store;
  }

  /**
   * A power cut, for tests: the last `relaxedCommitsLost` commits that were not flushed are undone and every adapter
   * on the store is disconnected. Returns how many commits were lost; a `strict` commit flushes all before it.
   */
  crash(name: string, relaxedCommitsLost: number): number {
    const store = this.store(name);
    const lost = store.loseRelaxed(relaxedCommitsLost);
    for (const disconnect of [...store.connections]) disconnect('the device lost power');
    return lost;
  }
}

export type { MemoryStore };
