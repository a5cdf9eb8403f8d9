import type { StoreKey } from '@topgun/client';
import * as LIMITS from '@topgun/protocol/limits';
import { compareStoreKeys } from '../keys/compareStoreKeys.js';
import { LOG, putChunks, type Row, readLog, SNAPSHOT, TailMerge, visitGroups } from './chunks.js';
import { committed, resultOf } from './requests.js';

/** Whose turn it is to compact. A string sorts before arrays, so no range of chunks contains it. */
const TURN = 'turn';

/**
 * Moves the log into the snapshot, in transactions of a few chunks each, so that nothing else waits long.
 *
 * The log is removed at the very end. Until then the snapshot may hold some of it already, and reading the log over it
 * gives the same rows: a crash in between costs nothing but the work. A tab that begins takes the turn, and one that finds
 * the turn with another stops, because its log may be the older one; so does one that finds the store wiped.
 * Returns the number of chunks of the snapshot, or undefined when it did not come to the end.
 */
export async function compact(db: IDBDatabase): Promise<number | undefined> {
  const turn = crypto.randomUUID();
  const begin = db.transaction([LOG, SNAPSHOT], 'readwrite');
  const beginning = committed(begin);
  const snapshot = begin.objectStore(SNAPSHOT);
  snapshot.put(turn, TURN);
  const { rows, commit } = await readLog(begin.objectStore(LOG), []);
  // Of all keys only those of chunks are arrays.
  const chunkKeys = IDBKeyRange.lowerBound([]);
  const firsts = (await resultOf(snapshot.getAllKeys(chunkKeys))) as string[][];
  await beginning;
  const slices = new Slices(rows, firsts);
  for (;;) {
    const tx = db.transaction([LOG, SNAPSHOT], 'readwrite');
    const slice = committed(tx);
    const chunks = tx.objectStore(SNAPSHOT);
    const isMine = (await resultOf(chunks.get(TURN))) === turn;
    if (isMine && (await slices.write(chunks))) {
      const log = tx.objectStore(LOG);
      log.delete(IDBKeyRange.upperBound(commit));
      if (commit > 0) log.put([], commit);
      chunks.delete(TURN);
      await slice;
      return slices.chunks;
    }
    await slice;
    if (!isMine) return undefined;
  }
}

/** The rows of the log, the oldest keys first, on their way into the chunks they belong to. */
class Slices {
  readonly #rows: readonly Row[];
  /** First keys of the chunks, in order: where each begins. */
  readonly #firsts: StoreKey[];
  #at = 0;
  #chunk = 0;

  constructor(rows: readonly Row[], firsts: StoreKey[]) {
    this.#rows = rows;
    this.#firsts = firsts;
  }

  get chunks(): number {
    return this.#firsts.length;
  }

  /** Rewrites the next few chunks; true when no row is left. */
  async write(snapshot: IDBObjectStore): Promise<boolean> {
    for (let left = LIMITS.rowsPerSlice; left > 0 && this.#at < this.#rows.length; ) {
      left -= await this.#writeNext(snapshot, left);
    }
    return this.#at === this.#rows.length;
  }

  /** Rewrites one chunk with what belongs into it, of the log no more than `most` rows; returns how many rows it wrote. */
  async #writeNext(snapshot: IDBObjectStore, most: number): Promise<number> {
    const firsts = this.#firsts;
    const key = (this.#rows[this.#at] as Row)[0];
    // The last chunk that begins at or before the row; what comes before all goes into the first.
    while (
      this.#chunk + 1 < firsts.length &&
      compareStoreKeys(firsts[this.#chunk + 1] as StoreKey, key) <= 0
    ) {
      this.#chunk += 1;
    }
    const old = firsts[this.#chunk];
    const tail = this.#take(firsts[this.#chunk + 1], most);
    const merged: Row[] = [];
    const merge = new TailMerge(tail, (...row) => merged.push(row));
    if (old) {
      visitGroups(await resultOf(snapshot.get([...old])), (...row) => merge.take(...row));
      snapshot.delete([...old]);
    }
    merge.end();
    firsts.splice(this.#chunk, 1, ...putChunks(snapshot, merged));
    return merged.length + tail.length;
  }

  /** The next rows below the beginning of the next chunk. */
  #take(end: StoreKey | undefined, most: number): readonly Row[] {
    const start = this.#at;
    const last = Math.min(this.#rows.length, start + most);
    while (this.#at < last && (!end || compareStoreKeys((this.#rows[this.#at] as Row)[0], end) < 0))
      this.#at++;
    return this.#rows.slice(start, this.#at);
  }
}
