import { hashValue } from '../hash/hashValue.js';

/** One for all values that the operator `eq` takes for the same; others may share it. A key for a `Map`. */
export function bucketOf(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  return typeof value === 'object' && value !== null ? hashValue(value) : value;
}
