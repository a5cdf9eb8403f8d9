import type { Database, RootDatabase } from 'lmdb';
import { openChunk, sealChunk } from './chunkCodec.js';

/** Named values of an lmdb folder, each sealed by a checksum. */
export class MetaTable {
  readonly #root: RootDatabase<Buffer, string>;
  readonly #table: Database<Buffer, string>;

  constructor(root: RootDatabase<Buffer, string>) {
    this.#root = root;
    this.#table = root.openDB({ name: 'meta', encoding: 'binary' });
  }

  /** Throws STORE_CORRUPT. */
  rows(): Map<string, unknown> {
    const rows = new Map<string, unknown>();
    for (const { key, value } of this.#table.getRange()) rows.set(key, openChunk(value, `meta row ${key}`));
    return rows;
  }

  /** All or none; null takes a row out. Resolves when it is on the disk. */
  put(rows: ReadonlyMap<string, unknown>): Promise<boolean> {
    return this.#root.batch(() => {
      for (const [name, value] of rows) {
        if (value === null) void this.#table.remove(name);
        else void this.#table.put(name, sealChunk(value));
      }
    });
  }

  /** Within a batch of the folder. */
  set(name: string, value: unknown): void {
    void this.#table.put(name, sealChunk(value));
  }
}
