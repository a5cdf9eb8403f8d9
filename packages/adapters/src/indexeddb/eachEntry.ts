import * as LIMITS from '@topgun/protocol/limits';

/** The part of a store of idb that pages need. */
interface Pages<K extends IDBValidKey> {
  getAllKeys(range: IDBKeyRange | null, count: number): Promise<K[]>;
  getAll(range: IDBKeyRange | null, count: number): Promise<unknown[]>;
}

/**
 * Visits entries in key order, a page at a time; `visit` returns how many rows an entry held. A page has up to `entriesMax` entries,
 * and no more than may hold `storeRowsPerRead` rows, as far as those before tell. Returns the last key, or undefined where there
 * is none. The cursors of idb cost a round trip for each entry.
 */
export async function eachEntry<K extends IDBValidKey>(
  entries: Pages<K>,
  range: IDBKeyRange | null,
  entriesMax: number,
  visit: (key: K, value: unknown) => number,
): Promise<K | undefined> {
  let last: K | undefined;
  let size = 1;
  for (let page = range; ; ) {
    // One after the other: unpacking the values and working with them are two tasks of the page then.
    const values = await entries.getAll(page, size);
    const keys = await entries.getAllKeys(page, size);
    let rows = 1;
    for (let i = 0; i < keys.length; i++) rows += visit(keys[i] as K, values[i]);
    last = keys.at(-1) ?? last;
    if (keys.length < size) return last;
    page =
      range === null
        ? IDBKeyRange.lowerBound(last, true)
        : IDBKeyRange.bound(last, range.upper, true, range.upperOpen);
    const fitting = Math.floor((size * LIMITS.storeRowsPerRead) / rows);
    size = Math.max(1, Math.min(fitting, size * 2, entriesMax));
  }
}
