/**
 * A total order over admitted values of any types, the same on every runtime; 0 iff the two are deep-equal.
 *
 * missing < null < boolean < number and bigint by magnitude (on a tie the number first) < string by code unit < Date <
 * bytes < array by items < object by its sorted fields.
 */
export function compareValues(a: unknown, b: unknown): number {
  if (a === b) return 0;
  // What nearly all sorts are by.
  if (typeof a === 'number' && typeof b === 'number') return compareNumbers(a, b);
  const rankA = rankOf(a);
  const rankB = rankOf(b);
  if (rankA !== rankB) return rankA - rankB;
  switch (rankA) {
    case RANK_NUMBER:
      return compareNumbers(a as number, b as bigint) || compareScalars<string>(typeof b, typeof a);
    case RANK_DATE:
      return (a as Date).getTime() - (b as Date).getTime();
    case RANK_BYTES:
    case RANK_ARRAY:
      return compareSequences(a as ArrayLike<unknown>, b as ArrayLike<unknown>);
    case RANK_OBJECT:
      return compareSequences(sortedEntries(a as object), sortedEntries(b as object));
    default:
      return compareScalars(a as string, b as string);
  }
}

const RANK_NUMBER = 3;
const RANK_DATE = 5;
const RANK_BYTES = 6;
const RANK_ARRAY = 7;
const RANK_OBJECT = 8;

/** The place of a value's type in the order; values of one rank can be compared by size. */
export function rankOf(value: unknown): number {
  switch (typeof value) {
    case 'undefined':
      return 0;
    case 'boolean':
      return 2;
    case 'number':
    case 'bigint':
      return RANK_NUMBER;
    case 'string':
      return 4;
    default:
  }
  if (value === null) return 1;
  if (value instanceof Date) return RANK_DATE;
  if (value instanceof Uint8Array) return RANK_BYTES;
  return Array.isArray(value) ? RANK_ARRAY : RANK_OBJECT;
}

/** Orders a number or bigint against another by magnitude; `1` and `1n` are level. */
export function compareNumbers(a: number | bigint, b: number | bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function compareScalars<T extends string | boolean>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function compareSequences(a: ArrayLike<unknown>, b: ArrayLike<unknown>): number {
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i++) {
    const order = compareValues(a[i], b[i]);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

// Flat, so that the sequence name, value, name, value … decides.
function sortedEntries(object: object): unknown[] {
  const fields = object as Record<string, unknown>;
  const entries: unknown[] = [];
  for (const name of Object.keys(fields).sort()) entries.push(name, fields[name]);
  return entries;
}
