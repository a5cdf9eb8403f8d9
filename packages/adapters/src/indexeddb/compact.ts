import type { StoreKey } from '@topgun/client';
import * as LIMITS from '@topgun/protocol/limits';
import { compareStoreKeys } from '../keys/compareStoreKeys.js';
import {
  type ChunkDatabase,
  LOG,
  type LogTail,
  putChunks,
  readLog,
  SNAPSHOT,
  TailMerge,
  TURN,
  visitGroups,
  type WritableSnapshot,
} from './chunks.js';
import { committed } from './committed.js';
import { type Row, SortedRuns } from './SortedRuns.js';

/**
 * Moves the log into the snapshot, in transactions of a few chunks each, so that nothing else waits long.
 *
 * The log is removed at the very end. Until then the snapshot may hold some of it already, and reading the log over it
 * gives the same rows: a crash in between costs nothing but the work. A tab that begins takes the turn, and one that finds
 * the turn with another stops, because its log may be the older one; so does one that finds the store wiped.
 * Returns the number of chunks of the snapshot, or undefined when it did not come to the end.
 */
export async function compact(db: ChunkDatabase): Promise<number | undefined> {
  const turn = crypto.randomUUID();
  const { tail, firsts } = await begin(db, turn);
  const slices = new Slices(tail.rows, firsts);
  for (;;) {
    const step = await nextSlice(db, turn, slices, tail.commit);
    if (step !== 'more') return step === 'done' ? slices.chunks : undefined;
  }
}

/** Takes the turn and reads the log and where the chunks begin. */
async function begin(db: ChunkDatabase, turn: string): Promise<{ tail: LogTail; firsts: StoreKey[] }> {
  const tx = db.transaction([LOG, SNAPSHOT], 'readwrite');
  const snapshot = tx.objectStore(SNAPSHOT);
  const [, tail, firsts] = await committed(
    tx,
    Promise.all([
      snapshot.put(turn, TURN),
      readLog(tx.objectStore(LOG), []),
      // Of all keys only those of chunks are arrays.
      snapshot.getAllKeys(IDBKeyRange.lowerBound([])),
    ]),
  );
  return { tail, firsts: firsts as string[][] };
}

/** Writes one slice; behind the last one the log goes, up to the commit that was read. */
async function nextSlice(
  db: ChunkDatabase,
  turn: string,
  slices: Slices,
  commit: number,
): Promise<'more' | 'done' | 'lost'> {
  const tx = db.transaction([LOG, SNAPSHOT], 'readwrite');
  const snapshot = tx.objectStore(SNAPSHOT);
  const work = async (): Promise<'more' | 'done' | 'lost'> => {
    if ((await snapshot.get(TURN)) !== turn) return 'lost';
    if (!(await slices.write(snapshot))) return 'more';
    const log = tx.objectStore(LOG);
    await Promise.all([
      log.delete(IDBKeyRange.upperBound(commit)),
      commit > 0 && log.put([], commit),
      snapshot.delete(TURN),
    ]);
    return 'done';
  };
  return committed(tx, work());
}

/** The rows of the log, in the order of their keys, on their way into the chunks they belong to. */
class Slices {
  readonly #rows: SortedRuns;
  /** First keys of the chunks, in order: where each begins. */
  readonly #firsts: StoreKey[];
  #chunk = 0;

  constructor(rows: SortedRuns, firsts: StoreKey[]) {
    this.#rows = rows;
    this.#firsts = firsts;
  }

  get chunks(): number {
    return this.#firsts.length;
  }

  /** Rewrites the next few chunks; true when no row is left. */
  async write(snapshot: WritableSnapshot): Promise<boolean> {
    let left: number = LIMITS.rowsPerSlice;
    let row = this.#rows.first();
    for (; row && left > 0; row = this.#rows.first()) left -= await this.#writeNext(snapshot, row[0], left);
    return row === undefined;
  }

  /** Rewrites the chunk of a key with what belongs into it, of the log no more than `most` rows; returns how many rows it wrote. */
  async #writeNext(snapshot: WritableSnapshot, key: StoreKey, most: number): Promise<number> {
    const firsts = this.#firsts;
    // The last chunk that begins at or before the row; what comes before all goes into the first.
    while (
      this.#chunk + 1 < firsts.length &&
      compareStoreKeys(firsts[this.#chunk + 1] as StoreKey, key) <= 0
    ) {
      this.#chunk += 1;
    }
    const old = firsts[this.#chunk];
    const tail = new SortedRuns();
    tail.add(this.#take(firsts[this.#chunk + 1], most));
    const merged: Row[] = [];
    const merge = new TailMerge(tail, (...row) => merged.push(row));
    if (old) visitGroups(await snapshot.get([...old]), (...row) => merge.take(...row));
    merge.end();
    // The old chunk goes before the others come: the first of them may have its key.
    const [, put] = await Promise.all([old && snapshot.delete([...old]), putChunks(snapshot, merged)]);
    firsts.splice(this.#chunk, 1, ...put);
    return merged.length + tail.length;
  }

  /** The next rows below the beginning of the next chunk. */
  #take(end: StoreKey | undefined, most: number): Row[] {
    const taken: Row[] = [];
    for (let row = this.#rows.first(); row && taken.length < most; row = this.#rows.first()) {
      if (end && compareStoreKeys(row[0], end) >= 0) break;
      taken.push(row);
      this.#rows.shift();
    }
    return taken;
  }
}
