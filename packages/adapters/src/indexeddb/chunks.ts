/**
 * How rows lie in IndexedDB (decision 0011). A row there costs more than 100 µs, whatever is in it, so rows are kept in chunks:
 *
 *   log        commit number → what one transaction did. The key generator of IndexedDB counts the commits.
 *   snapshot   first key → up to 256 rows in key order; no two chunks overlap
 *
 * What the store holds is the snapshot, and then the log on top of it. The last entry of the log is never removed, for it is
 * the commit number. A chunk is a list of groups: keys that differ in the last segment only share the others.
 */
import type { StoreKey } from '@topgun/client';
import * as LIMITS from '@topgun/protocol/limits';
import type { DBSchema, IDBPDatabase, IDBPObjectStore, IDBPTransaction, StoreNames } from 'idb';
import { compareStoreKeys } from '../keys/compareStoreKeys.js';
import { eachEntry } from './eachEntry.js';
import { type Row, SortedRuns } from './SortedRuns.js';

export const LOG = 'log';
export const SNAPSHOT = 'snapshot';
/** Whose turn it is to compact. A string sorts before arrays, so no range of chunks contains it. */
export const TURN = 'turn';

/** In a group without values all rows are deleted. */
export type Group = readonly [head: StoreKey, tails: string[], values?: unknown[]];

/** The stores of the database, as idb wants to know them. */
interface ChunkSchema extends DBSchema {
  [LOG]: { key: number; value: Group[] };
  [SNAPSHOT]: { key: string[] | typeof TURN; value: Group[] | string };
}

export type ChunkDatabase = IDBPDatabase<ChunkSchema>;

export type ChunkUpgrade = IDBPTransaction<ChunkSchema, StoreNames<ChunkSchema>[], 'versionchange'>;

type ChunkStore<Name extends StoreNames<ChunkSchema>, Mode extends IDBTransactionMode> = IDBPObjectStore<
  ChunkSchema,
  ArrayLike<StoreNames<ChunkSchema>>,
  Name,
  Mode
>;

export type WritableSnapshot = Pick<ChunkStore<typeof SNAPSHOT, 'readwrite'>, 'get' | 'put' | 'delete'>;

/** Stands for the value of a row that was deleted. */
export const GONE = Symbol('deleted');

const isInside = (key: StoreKey, prefix: StoreKey): boolean =>
  prefix.every((segment, i) => key[i] === segment);

/** Rows in groups, in their order. */
export function groupRows(rows: readonly Row[], groups: Group[] = []): Group[] {
  let group: Group | undefined;
  for (const [key, value] of rows) {
    const last = key.length - 1;
    if (group?.[0].length !== last || !isInside(key, group[0]) || (value === GONE) !== !group[2]) {
      group = value === GONE ? [key.slice(0, last), []] : [key.slice(0, last), [], []];
      groups.push(group);
    }
    group[1].push(key[last] as string);
    group[2]?.push(value);
  }
  return groups;
}

/** Returns the number of rows. */
export function visitGroups(chunk: unknown, visit: (key: StoreKey, value: unknown) => void): number {
  let rows = 0;
  // Written by groupRows of this or an older release.
  for (const [head, tails, values] of chunk as Group[]) {
    for (let i = 0; i < tails.length; i++) visit([...head, tails[i] as string], values ? values[i] : GONE);
    rows += tails.length;
  }
  return rows;
}

export interface LogTail {
  /** The last word of the log on each key below the prefix. */
  readonly rows: SortedRuns;
  readonly chunks: number;
  readonly commit: number;
}

export async function readLog(
  log: Pick<ChunkStore<typeof LOG, 'readonly'>, 'getAll' | 'getAllKeys'>,
  prefix: StoreKey,
): Promise<LogTail> {
  const runs = new SortedRuns();
  let chunks = 0;
  const commit = await eachEntry(log, null, LIMITS.storeChunksPerRead, (_, chunk) => {
    const rows: Row[] = [];
    chunks += 1;
    const count = visitGroups(chunk, (key, value) => {
      if (isInside(key, prefix)) rows.push([key, value]);
    });
    runs.add(rows);
    return count;
  });
  return { rows: runs, chunks, commit: commit ?? 0 };
}

/** Visits the rows of the snapshot below the prefix, with those of the log in their places; returns the number of chunks. */
export async function readSnapshot(
  snapshot: Pick<ChunkStore<typeof SNAPSHOT, 'readonly'>, 'getAll' | 'getAllKeys' | 'openKeyCursor'>,
  prefix: StoreKey,
  tail: RowQueue,
  visit: (key: StoreKey, value: unknown) => void,
): Promise<number> {
  let chunks = 0;
  const merge = new TailMerge(tail, visit);
  // The chunk that holds the first row may begin before it.
  const start = await snapshot.openKeyCursor(IDBKeyRange.bound([], [...prefix]), 'prev');
  const range = IDBKeyRange.bound(start?.key ?? [...prefix], [...prefix, []], false, true);
  await eachEntry(snapshot, range, LIMITS.storeChunksPerRead, (_, chunk) => {
    chunks += 1;
    return visitGroups(chunk, (key, value) => {
      if (isInside(key, prefix)) merge.take(key, value);
    });
  });
  merge.end();
  return chunks;
}

/** Rows in key order. */
export type RowQueue = Pick<SortedRuns, 'first' | 'shift'>;

/** Lays rows in key order over others in key order. */
export class TailMerge {
  readonly #tail: RowQueue;
  readonly #visit: (key: StoreKey, value: unknown) => void;

  constructor(tail: RowQueue, visit: (key: StoreKey, value: unknown) => void) {
    this.#tail = tail;
    this.#visit = visit;
  }

  take(key: StoreKey, value: unknown): void {
    for (let row = this.#tail.first(); row; row = this.#tail.first()) {
      const order = compareStoreKeys(row[0], key);
      if (order > 0) break;
      this.#emit(row);
      if (order === 0) return;
    }
    this.#visit(key, value);
  }

  end(): void {
    for (let row = this.#tail.first(); row; row = this.#tail.first()) this.#emit(row);
  }

  #emit([key, value]: Row): void {
    this.#tail.shift();
    if (value !== GONE) this.#visit(key, value);
  }
}

/** Writes rows in key order as chunks of the snapshot; returns their first keys. */
export async function putChunks(
  snapshot: Pick<WritableSnapshot, 'put'>,
  rows: readonly Row[],
): Promise<StoreKey[]> {
  const size = Math.ceil(rows.length / Math.ceil(rows.length / LIMITS.storeRowsPerChunk));
  const firsts: Promise<StoreKey>[] = [];
  for (let i = 0; i < rows.length; i += size) {
    const chunk = rows.slice(i, i + size);
    const first = (chunk[0] as Row)[0];
    firsts.push(snapshot.put(groupRows(chunk), [...first]).then(() => first));
  }
  return Promise.all(firsts);
}
