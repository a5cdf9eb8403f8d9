import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';
import type { IStorageAdapter, StoreKey, StoreTx } from '@topgun/client';
import { checkStoreKey, checkStoreTx, storageError } from '@topgun/client';
import { TopGunError } from '@topgun/core';
import { FileStore } from './FileStore.js';

export interface NodeFileAdapterOptions {
  /** Folder for the stores, made when absent: each is a folder in it. On a disk of this machine, not on a shared one. */
  readonly folder: string;
}

/** A store that is open in this process, and the adapters on it. */
interface Shared {
  readonly store: Promise<FileStore>;
  readonly users: Set<(reason: string) => void>;
}

const sharedByFolder = new Map<string, Shared>();
/** Stores that are letting go: the next opening waits for it. */
const closingByFolder = new Map<string, Promise<void>>();

/**
 * Client storage in files, for Node: services, command lines and desktop apps.
 *
 * A `strict` transaction is on disk when it resolves; a `relaxed` one (the default) is with the operating system and survives
 * the end of the process, not a power cut. All rows are held in memory in packed form. The file is a log with checksums:
 * after a crash it ends with the last whole transaction, and damage is reported as `STORAGE_DAMAGED`, never served. One process
 * holds a store at a time (`STORAGE_LOCKED`); several adapters in it share the store.
 *
 * ```ts
 * const client = new TopGunClient({ serverUrl, storage: new NodeFileAdapter({ folder: './data' }) });
 * ```
 */
export class NodeFileAdapter implements IStorageAdapter {
  readonly #folder: string;
  readonly #lostListeners = new Set<(reason: string) => void>();
  #name = '';
  #shared: Shared | undefined;
  #lost = '';
  readonly #tellLost = (reason: string): void => {
    this.#shared = undefined;
    this.#lost = reason;
    for (const cb of [...this.#lostListeners]) cb(reason);
  };

  constructor(options: NodeFileAdapterOptions) {
    this.#folder = resolve(options.folder);
  }

  async open(name: string): Promise<void> {
    if (this.#shared === undefined) {
      this.#name = name;
      this.#lost = '';
      this.#shared = share(join(this.#folder, fileNameOf(name)), this.#tellLost);
    } else if (name !== this.#name) {
      throw storageError('STORAGE_UNAVAILABLE', `This adapter holds store "${this.#name}", not "${name}"`);
    }
    const shared = this.#shared;
    try {
      await shared.store;
    } catch (cause) {
      if (this.#shared === shared) this.#shared = undefined;
      if (cause instanceof TopGunError) throw cause;
      throw storageError(
        'STORAGE_UNAVAILABLE',
        `The store "${name}" cannot be opened in ${this.#folder}`,
        cause,
      );
    }
  }

  async tx(batch: StoreTx): Promise<number> {
    checkStoreTx(batch);
    return this.#use('tx', (store) => store.tx(batch));
  }

  async get(key: StoreKey): Promise<unknown> {
    checkStoreKey(key);
    return this.#use('get', (store) => store.get(key));
  }

  async iterate(prefix: StoreKey, visit: (key: StoreKey, value: unknown) => void): Promise<number> {
    return this.#use('iterate', (store) => store.iterate(prefix, visit));
  }

  async estimate(): Promise<{ usageBytes: number; quotaBytes: number }> {
    return this.#use('estimate', (store) => store.estimate());
  }

  onLost(cb: (reason: string) => void): void {
    this.#lostListeners.add(cb);
  }

  async wipe(puts: StoreTx['puts'] = []): Promise<void> {
    checkStoreTx({ puts, deletes: [] });
    await this.#use('wipe', (store) => store.wipe(puts));
  }

  async close(): Promise<void> {
    const shared = this.#shared;
    this.#shared = undefined;
    this.#lost = '';
    if (shared) await leave(shared, this.#tellLost);
  }

  async #use<T>(call: string, work: (store: FileStore) => Promise<T>): Promise<T> {
    if (this.#shared) return work(await this.#shared.store);
    const code = this.#lost === '' ? 'STORAGE_CLOSED' : 'STORAGE_LOST';
    throw storageError(code, `${call}() on store "${this.#name}": ${this.#lost || 'not open'}`);
  }
}

function share(folder: string, user: (reason: string) => void): Shared {
  let shared = sharedByFolder.get(folder);
  if (shared === undefined) {
    const users = new Set<(reason: string) => void>();
    const forget = (): void => {
      if (sharedByFolder.get(folder) === shared) sharedByFolder.delete(folder);
    };
    const store = Promise.resolve(closingByFolder.get(folder)).then(() =>
      FileStore.open(folder, (reason, ended) => {
        forget();
        closingByFolder.set(folder, ended);
        for (const tell of [...users]) tell(reason);
      }),
    );
    store.catch(forget); // Whoever waits for it is told; the next opening tries again.
    shared = { store, users };
    sharedByFolder.set(folder, shared);
  }
  shared.users.add(user);
  return shared;
}

async function leave(shared: Shared, user: (reason: string) => void): Promise<void> {
  shared.users.delete(user);
  if (shared.users.size > 0) return;
  for (const [folder, other] of sharedByFolder) {
    if (other !== shared) continue;
    sharedByFolder.delete(folder);
    const closing = shared.store.then(
      (store) => store.close(),
      () => undefined, // It never opened.
    );
    closingByFolder.set(folder, closing);
    await closing.finally(() => closingByFolder.delete(folder));
  }
}

const FILE_NAME_CHARS_MAX = 120;

/** A name that every file system takes, and tells apart from every other, capital letters too. */
function fileNameOf(name: string): string {
  const escaped = name.replace(
    /[^a-z0-9_-]/gu,
    (char) => `%${(char.codePointAt(0) as number).toString(16)}.`,
  );
  if (escaped.length <= FILE_NAME_CHARS_MAX) return escaped;
  return `${escaped.slice(0, FILE_NAME_CHARS_MAX / 2)}~${createHash('sha256').update(name).digest('hex')}`;
}
