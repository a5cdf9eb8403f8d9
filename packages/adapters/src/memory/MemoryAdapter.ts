import type { IStorageAdapter, StoreKey, StoreTx } from '@topgun/client';
import { checkStoreKey, checkStoreTx, storageError } from '@topgun/client';
import { encodeStoreKey } from '../keys/encodeStoreKey.js';
import type { MemoryStore } from './MemoryDisk.js';
import { MemoryDisk } from './MemoryDisk.js';

const processDisk = new MemoryDisk();

/**
 * A client storage that lives in memory: for tests, server-side rendering and apps that keep nothing.
 *
 * Adapters of one process with the same store name share one store, like tabs do, unless they are given different
 * disks. Values are copied in and out, as a real store would.
 */
export class MemoryAdapter implements IStorageAdapter {
  readonly #disk: MemoryDisk;
  readonly #lostListeners = new Set<(reason: string) => void>();
  #name = '';
  #store: MemoryStore | undefined;
  #state: 'new' | 'open' | 'lost' | 'closed' = 'new';
  readonly #disconnect = (reason: string): void => {
    this.#leave('lost');
    for (const cb of [...this.#lostListeners]) cb(reason);
  };

  constructor(options: { disk?: MemoryDisk } = {}) {
    this.#disk = options.disk ?? processDisk;
  }

  async open(name: string): Promise<void> {
    if (this.#state === 'open') {
      if (name === this.#name) return;
      throw storageError('STORAGE_UNAVAILABLE', `This adapter holds store "${this.#name}", not "${name}"`);
    }
    this.#name = name;
    this.#store = this.#disk.store(name);
    this.#store.connections.add(this.#disconnect);
    this.#state = 'open';
  }

  async tx(batch: StoreTx): Promise<number> {
    checkStoreTx(batch);
    const store = this.#use('tx');
    try {
      return store.apply(batch);
    } catch (cause) {
      throw storageError('STORAGE_VALUE', `A value for store "${this.#name}" cannot be stored`, cause);
    }
  }

  async get(key: StoreKey): Promise<unknown> {
    checkStoreKey(key);
    return structuredClone(this.#use('get').rows.get(encodeStoreKey(key))?.value);
  }

  async iterate(prefix: StoreKey, visit: (key: StoreKey, value: unknown) => void): Promise<number> {
    const store = this.#use('iterate');
    const commit = store.commit;
    const start = encodeStoreKey(prefix);
    const found = [...store.rows].filter(([id]) => id.startsWith(start));
    found.sort(([a], [b]) => (a < b ? -1 : 1));
    for (const [, row] of found) visit([...row.key], structuredClone(row.value));
    return commit;
  }

  async estimate(): Promise<undefined> {
    return undefined;
  }

  onLost(cb: (reason: string) => void): void {
    this.#lostListeners.add(cb);
  }

  async wipe(puts: StoreTx['puts'] = []): Promise<void> {
    checkStoreTx({ puts, deletes: [] });
    this.#use('wipe').clear(puts);
  }

  async close(): Promise<void> {
    this.#leave('closed');
  }

  /** A power cut of the whole device, for tests; see `MemoryDisk.crash`. */
  crash(relaxedCommitsLost: number): number {
    return this.#disk.crash(this.#name, relaxedCommitsLost);
  }

  #leave(state: 'lost' | 'closed'): void {
    this.#store?.connections.delete(this.#disconnect);
    this.#store = undefined;
    this.#state = state;
  }

  #use(call: string): MemoryStore {
    if (this.#store !== undefined) return this.#store;
    const code = this.#state === 'lost' ? 'STORAGE_LOST' : 'STORAGE_CLOSED';
    throw storageError(
      code,
      `${call}() on store "${this.#name}", which is ${this.#state === 'new' ? 'not open' : this.#state}`,
    );
  }
}
