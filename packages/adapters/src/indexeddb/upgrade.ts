import * as LIMITS from '@topgun/protocol/limits';
import type { DBSchema, IDBPTransaction } from 'idb';
import { type ChunkUpgrade, LOG, putChunks, SNAPSHOT } from './chunks.js';
import { eachEntry } from './eachEntry.js';
import type { Row } from './SortedRuns.js';

/** Layout 1 kept each row as a row of IndexedDB, and the commit number beside them under a key that is no array. */
interface RowSchema extends DBSchema {
  rows: { key: string[] | 'commit'; value: unknown };
}

/**
 * Brings the database to the present layout, inside the transaction that IndexedDB opens for it: all of it, or nothing.
 * Whoever opens the database is told of a failure.
 */
export function upgrade(tx: ChunkUpgrade): void {
  // Nobody else waits for these two: the opening fails with them, and a transaction that is over needs no end.
  tx.done.catch(() => undefined);
  moveRows(tx)
    .catch(() => tx.abort())
    .catch(() => undefined);
}

async function moveRows(tx: ChunkUpgrade): Promise<void> {
  const log = tx.db.createObjectStore(LOG, { autoIncrement: true });
  const snapshot = tx.db.createObjectStore(SNAPSHOT);
  // The same transaction, as the layout before saw it.
  const before = tx as unknown as IDBPTransaction<RowSchema, ['rows'], 'versionchange'>;
  if (!before.db.objectStoreNames.contains('rows')) return;
  const old = before.objectStore('rows');
  // A number given by hand moves the key generator on: commits go on from where they were.
  const commit = (await old.get('commit')) as number | undefined;
  if (commit) await log.put([], commit);
  const rows: Row[] = [];
  await eachEntry(old, IDBKeyRange.bound([], [[]]), LIMITS.storeRowsPerRead, (key, value) => {
    // The range holds arrays only.
    rows.push([key as string[], value]);
    return 1;
  });
  await putChunks(snapshot, rows);
  before.db.deleteObjectStore('rows');
}
