/** The part of a store of idb that pages need. */
interface Pages<K extends IDBValidKey> {
  getAllKeys(range: IDBKeyRange | null, count: number): Promise<K[]>;
  getAll(range: IDBKeyRange | null, count: number): Promise<unknown[]>;
}

/**
 * Visits entries in key order, a page at a time; returns the last key, or undefined where there is none.
 * The cursors of idb cost a round trip for each entry.
 */
export async function eachEntry<K extends IDBValidKey>(
  rows: Pages<K>,
  range: IDBKeyRange | null,
  pageSize: number,
  visit: (key: K, value: unknown) => void,
): Promise<K | undefined> {
  let last: K | undefined;
  for (let page = range; ; ) {
    const [keys, values] = await Promise.all([rows.getAllKeys(page, pageSize), rows.getAll(page, pageSize)]);
    for (let i = 0; i < keys.length; i++) visit(keys[i] as K, values[i]);
    last = keys.at(-1) ?? last;
    if (keys.length < pageSize) return last;
    page =
      range === null
        ? IDBKeyRange.lowerBound(last, true)
        : IDBKeyRange.bound(last, range.upper, true, range.upperOpen);
  }
}
