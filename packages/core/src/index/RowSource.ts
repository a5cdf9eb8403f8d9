/**
 * The rows of one map, as an index set reads them. A `Map` is one.
 *
 * `entries` may be taken up again after the rows have changed, as the iterator of a `Map` may: it then still yields every
 * key that stays.
 */
export interface RowSource<V> {
  readonly size: number;
  get(key: string): V | undefined;
  entries(): Iterable<readonly [key: string, value: V]>;
}

/**
 * What a principal sees of the rows. Whole rows may be hidden, and fields of the value (not parts of them).
 *
 * Indexes hold what the rows are, so under a view they find a superset for what is tested positively; every row is then
 * tested as it is seen (IDX-7).
 */
export interface RowView<V> {
  /** The value as it is seen; undefined when the row is not. */
  see(key: string, value: V): V | undefined;
  /** Whether no field that the query sorts by is hidden in any row that is seen; only then may an index give the order. */
  readonly ordered: boolean;
}
