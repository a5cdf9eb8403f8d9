/** The result of a request. Inside a transaction the next request must be made before anything else is awaited. */
export function resultOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** Resolves when the transaction has committed, rejects when it was aborted, for whatever reason. */
export function committed(tx: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    tx.oncomplete = () => resolve();
    tx.onabort = () => reject(tx.error ?? new Error('The transaction was aborted'));
  });
}

/** Visits entries in key order, a page at a time; returns the last key, or undefined where there is none. */
export async function eachEntry(
  rows: IDBObjectStore,
  range: IDBKeyRange | null,
  pageSize: number,
  visit: (key: IDBValidKey, value: unknown) => void,
): Promise<IDBValidKey | undefined> {
  let last: IDBValidKey | undefined;
  for (let page = range; ; ) {
    const [keys, values] = await Promise.all([
      resultOf(rows.getAllKeys(page, pageSize)),
      resultOf<unknown[]>(rows.getAll(page, pageSize)),
    ]);
    for (let i = 0; i < keys.length; i++) visit(keys[i] as IDBValidKey, values[i]);
    last = keys.at(-1) ?? last;
    if (keys.length < pageSize) return last;
    page =
      range === null
        ? IDBKeyRange.lowerBound(last, true)
        : IDBKeyRange.bound(last, range.upper, true, range.upperOpen);
  }
}
