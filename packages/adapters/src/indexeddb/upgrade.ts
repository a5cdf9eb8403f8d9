import * as LIMITS from '@topgun/protocol/limits';
import { LOG, putChunks, type Row, SNAPSHOT } from './chunks.js';
import { eachEntry, resultOf } from './requests.js';

/** Layout 1 kept each row as a row of IndexedDB, and the commit number beside them under a key that is no array. */
const ROWS = 'rows';
const COMMIT_KEY = 'commit';

/** Brings the database to the present layout, inside the transaction that IndexedDB opens for it: all of it, or nothing. */
export async function upgrade(db: IDBDatabase, tx: IDBTransaction): Promise<void> {
  const log = db.createObjectStore(LOG, { autoIncrement: true });
  const snapshot = db.createObjectStore(SNAPSHOT);
  if (!db.objectStoreNames.contains(ROWS)) return;
  const old = tx.objectStore(ROWS);
  // A number given by hand moves the key generator on: commits go on from where they were.
  const commit = (await resultOf(old.get(COMMIT_KEY))) as number | undefined;
  if (commit) log.put([], commit);
  let page: Row[] = [];
  const write = (): void => {
    putChunks(snapshot, page);
    page = [];
  };
  await eachEntry(old, IDBKeyRange.bound([], [[]]), LIMITS.storeRowsPerRead, (key, value) => {
    page.push([key as string[], value]);
    if (page.length === LIMITS.storeRowsPerChunk) write();
  });
  write();
  db.deleteObjectStore(ROWS);
}
