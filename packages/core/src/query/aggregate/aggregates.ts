/** One aggregate of a group, made by `count`, `sum`, `avg`, `min`, `max` or `distinct`. `R` is the type of its result. */
export interface Aggregate<R = unknown> {
  readonly fn: AggregateFunction;
  /** The field; absent for the number of rows. */
  readonly path?: string;
  /** Never there: it carries the type. */
  readonly result?: R;
}

export type AggregateFunction = 'count' | 'sum' | 'avg' | 'min' | 'max' | 'distinct';

/** The number of rows; with a path, of those where the field is there and not null. */
export function count(path?: string): Aggregate<number> {
  return path === undefined ? { fn: 'count' } : { fn: 'count', path };
}

/**
 * The exact sum of the numbers and bigints at a path, rounded once, when it is read; other types are passed over. A bigint when
 * all of them are bigints (say `sum<bigint>(…)`); 0 when there are none; infinite beyond the largest number.
 */
export function sum<R extends number | bigint = number>(path: string): Aggregate<R> {
  return { fn: 'sum', path };
}

/** The exact sum of the numbers and bigints at a path over their count, rounded once; undefined when there are none. */
export function avg(path: string): Aggregate<number | undefined> {
  return { fn: 'avg', path };
}

/** The first value at a path in the order of values; missing fields and null are passed over. Undefined when there is none. */
export function min<V = number>(path: string): Aggregate<V | undefined> {
  return { fn: 'min', path };
}

/** The last value at a path in the order of values; missing fields and null are passed over. Undefined when there is none. */
export function max<V = number>(path: string): Aggregate<V | undefined> {
  return { fn: 'max', path };
}

/** Each value at a path once, in the order of values; missing fields and null are passed over. */
export function distinct<V = string>(path: string): Aggregate<readonly V[]> {
  return { fn: 'distinct', path };
}
