import { encodeCanonical } from '../../canonical/encodeCanonical.js';
import { isPlain } from '../../value/isPlain.js';
import { parsePath, readPath } from '../path.js';
import { queryError } from '../queryErrors.js';

/**
 * A place in the order of a query, whether or not a row stands there (any more). It is made of admitted values, so it is
 * hashed, stored and sent as it is.
 */
export interface RowPosition {
  /** The key of a row; on OR maps `rowKey(key, tag)`. */
  readonly key: string;
  /** What the row holds at each path of the sort: `[value]`, or `[]` where it is missing. */
  readonly values: readonly (readonly unknown[])[];
}

// The direction plays no part in where a row stands.
type Sort = readonly (readonly [path: string, direction: unknown])[];

/** A position travels with every subscription and stands in links; what a person sorts by is far shorter. */
export const POSITION_BYTES_MAX = 16 * 1024;

/** Where a row stands in an order. Throws `QUERY_INVALID` when its sort fields take more than `POSITION_BYTES_MAX`. */
export function positionOf(sort: Sort | undefined, key: string, value: unknown): RowPosition {
  const values = (sort ?? []).map(([path]) => {
    const field = readPath(value, parsePath(path));
    return field === undefined ? [] : [field];
  });
  const position = { key, values };
  assertPosition(position, sort);
  return position;
}

/** Throws `QUERY_INVALID` unless this is a position in that order. */
export function assertPosition(position: unknown, sort: Sort | undefined): asserts position is RowPosition {
  if (!isPlain(position) || Object.keys(position).length !== 2) throw invalid('is no { key, values }');
  const { key, values } = position;
  const count = sort?.length ?? 0;
  if (typeof key !== 'string') throw invalid('has no key');
  if (!Array.isArray(values) || values.length !== count) throw invalid(`has not ${count} values`);
  if (!values.every((value) => Array.isArray(value) && value.length <= 1))
    throw invalid('has values that are not [] or [value]');
  const bytes = bytesOf(position);
  if (bytes > POSITION_BYTES_MAX)
    throw invalid(`takes ${bytes} bytes, of at most ${POSITION_BYTES_MAX}: sort by shorter fields`);
}

function bytesOf(position: unknown): number {
  try {
    return encodeCanonical(position).length;
  } catch (error) {
    throw invalid('holds a value that is not admitted, or has too many levels here', error);
  }
}

function invalid(what: string, cause?: unknown): Error {
  return queryError('QUERY_INVALID', `The position of a page ${what}.`, cause);
}
