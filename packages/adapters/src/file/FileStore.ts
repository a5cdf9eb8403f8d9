import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { StoreKey, StoreTx } from '@topgun/client';
import { storageError } from '@topgun/client';
import { assertAdmitted, cloneAdmitted } from '@topgun/core';
import { deserialize, serialize } from '@topgun/protocol';
import * as LIMITS from '@topgun/protocol/limits';
import { encodeStoreKey } from '../keys/encodeStoreKey.js';
import { type PackedRow, packRecord, type StoredRecord } from './records.js';
import { BrokenFile, StoreFile } from './StoreFile.js';
import { StoreLock } from './StoreLock.js';

/** A stored value wraps what a map admits in a few levels, and may hold several of them. */
const STORED = {
  depth: LIMITS.storedDepth - 8,
  nodes: LIMITS.nodesFromServer,
  textBytes: LIMITS.storedBytes,
};

interface TxTurn {
  readonly tx: StoreTx;
  readonly done: (commit: number) => void;
  readonly failed: (error: unknown) => void;
}

/** Something that waits for its turn: a transaction, or what has to see all transactions before it. */
type Turn = TxTurn | { readonly run: () => Promise<void> };

interface Staged extends TxTurn {
  readonly puts: readonly PackedRow[];
  readonly record: Buffer;
}

/** Told once, when what the disk holds is not known any more; `ended` resolves when the store has let go of it. */
type OnBroken = (reason: string, ended: Promise<void>) => void;

/**
 * One store of this process, shared by its adapters: all rows in memory as they are in the file, and one line of turns.
 * Transactions that wait at the same time are written with one call, and flushed with one.
 */
export class FileStore {
  readonly #file: StoreFile;
  readonly #lock: StoreLock;
  readonly #rows = new Map<string, PackedRow>();
  readonly #onBroken: OnBroken;
  #turns: Turn[] = [];
  #isBusy = false;
  #broken: unknown;
  #commit = 0;

  private constructor(folder: string, lock: StoreLock, onBroken: OnBroken) {
    this.#file = new StoreFile(join(folder, 'data'));
    this.#lock = lock;
    this.#onBroken = onBroken;
  }

  /** Rejects with `STORAGE_LOCKED`, `STORAGE_DAMAGED` or `STORAGE_VERSION`, or with what the disk says. */
  static async open(folder: string, onBroken: OnBroken): Promise<FileStore> {
    await mkdir(folder, { recursive: true });
    const lock = await StoreLock.acquire(folder);
    const store = new FileStore(folder, lock, onBroken);
    try {
      await store.#file.open((record) => store.#load(record));
    } catch (error) {
      await store.#end();
      throw error;
    }
    return store;
  }

  tx(tx: StoreTx): Promise<number> {
    return new Promise((done, failed) => this.#enqueue({ tx, done, failed }));
  }

  get(key: StoreKey): Promise<unknown> {
    return this.#inTurn(() => {
      const row = this.#rows.get(encodeStoreKey(key));
      return row && deserialize(row[1]);
    });
  }

  iterate(prefix: StoreKey, visit: (key: StoreKey, value: unknown) => void): Promise<number> {
    return this.#inTurn(() => {
      const start = encodeStoreKey(prefix);
      const ids = [...this.#rows.keys()].filter((id) => id.startsWith(start)).sort();
      for (const id of ids) {
        const [key, value] = this.#rows.get(id) as PackedRow;
        visit([...key], deserialize(value));
      }
      return this.#commit;
    });
  }

  estimate(): Promise<{ usageBytes: number; quotaBytes: number }> {
    return this.#inTurn(() => this.#file.estimate());
  }

  wipe(puts: StoreTx['puts']): Promise<void> {
    return this.#inTurn(async () => {
      const packed = packTx({ puts, deletes: [] }).puts;
      await this.#file.replace(this.#commit + 1, packed);
      this.#commit += 1;
      this.#rows.clear();
      this.#apply(packed, []);
    });
  }

  /** After the turns that wait. */
  close(): Promise<void> {
    return this.#inTurn(() => this.#end());
  }

  async #end(): Promise<void> {
    this.#broken ??= new BrokenFile('the store is closed');
    await this.#file.close().finally(() => this.#lock.release());
  }

  #inTurn<T>(work: () => T | Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#enqueue({
        run: () =>
          Promise.resolve()
            .then(work)
            .then(resolve, (error) => reject(this.#judged(error))),
      });
    });
  }

  #enqueue(turn: Turn): void {
    this.#turns.push(turn);
    if (!this.#isBusy) void this.#work();
  }

  async #work(): Promise<void> {
    this.#isBusy = true;
    while (this.#turns.length > 0) {
      const first = this.#turns[0] as Turn;
      if ('run' in first) {
        this.#turns.shift();
        await first.run();
      } else {
        const next = this.#turns.findIndex((turn) => 'run' in turn);
        const count = Math.min(next < 0 ? this.#turns.length : next, LIMITS.fileTxPerWrite);
        // Up to the first turn of another kind all are transactions.
        await this.#write(this.#turns.splice(0, count) as TxTurn[]);
      }
    }
    this.#isBusy = false;
  }

  async #write(turns: readonly TxTurn[]): Promise<void> {
    const staged: Staged[] = [];
    for (const turn of turns) {
      try {
        if (this.#broken !== undefined) throw this.#broken;
        const { puts, deletes } = packTx(turn.tx);
        const record = packRecord(this.#commit + staged.length + 1, ['tx', puts, deletes]);
        staged.push({ ...turn, puts, record });
      } catch (error) {
        turn.failed(this.#judged(error));
      }
    }
    if (staged.length === 0) return;
    try {
      const isStrict = staged.some(({ tx }) => tx.durability === 'strict');
      await this.#file.append(
        staged.map(({ record }) => record),
        isStrict,
      );
    } catch (error) {
      const judged = this.#judged(error);
      for (const { failed } of staged) failed(judged);
      return;
    }
    for (const { tx, puts, done } of staged) {
      this.#apply(puts, tx.deletes);
      this.#commit += 1;
      done(this.#commit);
    }
    // A log that could not be replaced goes on growing, and is tried again later.
    if (this.#file.wantsReplacing) {
      await this.#file.replace(this.#commit, [...this.#rows.values()]).catch((error) => this.#judged(error));
    }
  }

  #load({ commit, body }: StoredRecord): void {
    this.#commit = commit;
    if (body[0] === 'rows') this.#apply(body[1], []);
    else if (body[0] === 'tx') this.#apply(body[1], body[2]);
  }

  #apply(puts: readonly PackedRow[], deletes: readonly StoreKey[]): void {
    for (const row of puts) this.#rows.set(encodeStoreKey(row[0]), row);
    for (const key of deletes) this.#rows.delete(encodeStoreKey(key));
  }

  /** The typed error for a fault of the disk. One after which the file is unknown ends this store for everybody. */
  #judged(error: unknown): unknown {
    if (error instanceof BrokenFile) {
      if (this.#broken === undefined) {
        this.#broken = error;
        this.#onBroken(error.message, this.#end());
      }
      return storageError('STORAGE_LOST', `The file of the store is unknown: ${error.message}`, error);
    }
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOSPC' || code === 'EDQUOT')
      return storageError('STORAGE_FULL', `The disk is full: ${message}`, error);
    return code?.startsWith('STORAGE_')
      ? error
      : storageError('STORAGE_FAILED', `The disk failed: ${message}`, error);
  }
}

/** Copies a transaction into bytes; what would not come back exactly is refused. */
function packTx({ puts, deletes }: StoreTx): { puts: PackedRow[]; deletes: StoreKey[] } {
  return {
    // A copy of the bytes: the packer hands out parts of a larger buffer.
    puts: puts.map(([key, value]) => [copyKey(key), new Uint8Array(packValue(key, value))]),
    deletes: deletes.map(copyKey),
  };
}

function packValue(key: StoreKey, value: unknown): Uint8Array {
  try {
    if (value !== null) assertAdmitted(value, STORED);
    return serialize(value);
  } catch (cause) {
    throw storageError('STORAGE_VALUE', `A value under [${key.join(', ')}] cannot be stored`, cause);
  }
}

/** UTF-8 has no form for half a pair of code units. */
function copyKey(key: StoreKey): StoreKey {
  try {
    return cloneAdmitted([...key], STORED);
  } catch (cause) {
    throw storageError('STORAGE_KEY', `The key [${key.join(', ')}] cannot be stored`, cause);
  }
}
