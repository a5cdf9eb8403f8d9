import {
  checkStoreKey,
  checkStoreTx,
  type IStorageAdapter,
  type StoreKey,
  type StoreTx,
  storageError,
} from '@topgun/client';
import type { SimDisk } from '../world/SimDisk.js';

/** What a storage needs of the device it is on. */
export interface StorageHost {
  /** The disk of a store. */
  disk(name: string): SimDisk;
  nowMs(): number;
  /** Does some work of the disk after a while, one after the other, and then what it returns: telling whoever asked. */
  later(work: () => () => void): void;
}

/** The storage of a simulated tab: the adapter that a client gets, over the disk that its device shares between tabs. */
export class SimStorage implements IStorageAdapter {
  readonly #host: StorageHost;
  readonly #lostListeners = new Set<(reason: string) => void>();
  #name = '';
  #disk: SimDisk | undefined;
  #state: 'new' | 'open' | 'lost' | 'closed' = 'new';
  /** Counts how often the store went away: what an earlier life of it was asked for is undone. */
  #life = 0;

  constructor(host: StorageHost) {
    this.#host = host;
  }

  open(name: string): Promise<void> {
    if (this.#state === 'open' && name !== this.#name)
      return Promise.reject(
        storageError('STORAGE_UNAVAILABLE', `This adapter holds store "${this.#name}", not "${name}"`),
      );
    this.#name = name;
    this.#disk = this.#host.disk(name);
    this.#state = 'open';
    return this.#do('open', () => undefined);
  }

  async tx(batch: StoreTx): Promise<number> {
    checkStoreTx(batch);
    return this.#do('tx', (disk) => {
      if (!disk.hasRoomFor(batch)) throw storageError('STORAGE_FULL', 'The simulated disk is full');
      try {
        return disk.commit(batch, this.#host.nowMs());
      } catch (cause) {
        throw storageError('STORAGE_VALUE', `A value for store "${this.#name}" cannot be stored`, cause);
      }
    });
  }

  async get(key: StoreKey): Promise<unknown> {
    checkStoreKey(key);
    return this.#do('get', (disk) => disk.get(key));
  }

  iterate(prefix: StoreKey, visit: (key: StoreKey, value: unknown) => void): Promise<number> {
    return this.#do('iterate', (disk) => {
      for (const [key, value] of disk.entries(prefix)) visit(key, value);
      return disk.commitNumber;
    });
  }

  async estimate(): Promise<undefined> {
    return undefined;
  }

  onLost(cb: (reason: string) => void): void {
    this.#lostListeners.add(cb);
  }

  async wipe(puts: StoreTx['puts'] = []): Promise<void> {
    checkStoreTx({ puts, deletes: [] });
    const ids = new Set(puts.map(([key]) => JSON.stringify(key)));
    return this.#do('wipe', (disk) => {
      const gone = disk.entries([]).filter(([key]) => !ids.has(JSON.stringify(key)));
      disk.commit({ puts, deletes: gone.map(([key]) => key), durability: 'strict' }, this.#host.nowMs());
    });
  }

  async close(): Promise<void> {
    this.#leave('closed');
  }

  /** The store closes by itself: transactions under way are undone. Returns how to tell the client. */
  lose(reason: string): () => void {
    if (this.#state !== 'open') return () => undefined;
    this.#life++;
    this.#leave('lost');
    return () => {
      for (const listener of [...this.#lostListeners]) listener(reason);
    };
  }

  #leave(state: 'lost' | 'closed'): void {
    this.#state = state;
    this.#disk = undefined;
  }

  /** What was asked for before a closing goes through all the same. */
  #do<T>(call: string, work: (disk: SimDisk) => T): Promise<T> {
    const disk = this.#disk;
    const life = this.#life;
    return new Promise((resolve, reject) => {
      if (disk === undefined) {
        const code = this.#state === 'lost' ? 'STORAGE_LOST' : 'STORAGE_CLOSED';
        reject(storageError(code, `${call}() on store "${this.#name}", which is not open`));
        return;
      }
      this.#host.later(() => {
        if (life !== this.#life) {
          const lost = storageError('STORAGE_LOST', 'The simulated store went away in mid-transaction');
          return () => reject(lost);
        }
        try {
          const done = work(disk);
          return () => resolve(done);
        } catch (error) {
          return () => reject(error);
        }
      });
    });
  }
}
