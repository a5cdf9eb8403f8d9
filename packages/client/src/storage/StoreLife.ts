import type { StoreKey, StoreTx } from './IStorageAdapter.js';

/** The row that names the life of a store. It is written by the transaction that empties it, and never sealed: it says nothing. */
export const LIFE_KEY: StoreKey = ['topgun:life'];

const OF = 'topgun:of';

/** Where the rows of a life lie; those of the first one, which has no name, lie where they always did. */
export const keyOfLife = (id: string): StoreKey => [OF, id];

type Entry = StoreTx['puts'][number];

/**
 * The life of a store, which logging out ends (B10). Whoever opened the store in one life can neither read nor change what belongs to the
 * next: each life has keys of its own. So a tab that slept through the end of it writes where nobody looks, until it reads the store
 * again and finds out.
 */
export class StoreLife {
  /** undefined until the store was read */
  #id: string | undefined;
  /** The store is empty without having been logged out of: its life has to be named again. */
  #isUnnamed = false;

  /** What messages to other realms carry; undefined until the store was read. */
  get id(): string | undefined {
    return this.#id;
  }

  /** A transaction of this life, as the store is to have it. */
  tx(batch: StoreTx): StoreTx {
    if (!this.#id) return batch;
    const place = keyOfLife(this.#id);
    const keyed = (key: StoreKey): StoreKey => [...place, ...key];
    const puts = batch.puts.map(([key, value]): Entry => [keyed(key), value]);
    if (this.#isUnnamed) puts.push([LIFE_KEY, this.#id]);
    return { ...batch, puts, deletes: batch.deletes.map(keyed) };
  }

  /** A transaction that names the life again has committed. */
  named(): void {
    this.#isUnnamed = false;
  }

  /** Whether the store, which names this life, has begun another one. */
  isOver(named: unknown): boolean {
    return this.#id !== undefined && named !== undefined && named !== this.#id;
  }

  /**
   * The rows of this life in what the store holds, and the keys of what is left of others; undefined when its life has ended. The first
   * call decides which life this is.
   */
  read(
    entries: readonly Entry[],
  ): { readonly rows: readonly Entry[]; readonly left: StoreKey[] } | undefined {
    const named = entries.find(([[table]]) => table === LIFE_KEY[0])?.[1] as string | undefined;
    this.#id ??= named ?? '';
    if (this.isOver(named)) return undefined;
    this.#isUnnamed = named === undefined;
    const rows: Entry[] = [];
    const left: StoreKey[] = [];
    for (const [key, value] of entries) {
      const [table, id, ...rest] = key;
      if (table === LIFE_KEY[0]) continue;
      if ((table === OF ? id : '') !== this.#id) left.push(key);
      else rows.push([table === OF ? rest : key, value]);
    }
    return { rows, left };
  }
}
