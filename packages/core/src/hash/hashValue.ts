import { absorbLanes, finishLanes, hashLanes, lanes, lanesToHash, mixLanes } from './hashString.js';

// One seed per type, so that values of different types never share a hash by construction.
const SEED_FALSE = 1;
const SEED_TRUE = 2;
const SEED_NULL = 3;
const SEED_NUMBER = 4;
const SEED_BIGINT = 5;
const SEED_STRING = 6;
const SEED_DATE = 7;
const SEED_BYTES = 8;
const SEED_ARRAY = 9;
const SEED_OBJECT = 10;
const SEED_FIELD = 11;

const scratch = new DataView(new ArrayBuffer(8));

/**
 * The 53-bit hash of an admitted value: equal for two values iff their canonical encodings are equal, save for chance
 * collisions. The order of an object's fields plays no part.
 */
export function hashValue(value: unknown): number {
  valueLanes(value);
  return lanesToHash();
}

/** Hashes an admitted value into the shared `lanes`, by walking it; nothing is encoded or sorted. */
function valueLanes(value: unknown): void {
  if (typeof value === 'string') hashLanes(value, SEED_STRING);
  else if (typeof value === 'number') numberLanes(value, SEED_NUMBER);
  else if (typeof value === 'boolean') hashLanes('', value ? SEED_TRUE : SEED_FALSE);
  else if (typeof value === 'bigint') hashLanes(value.toString(), SEED_BIGINT);
  else if (value === null) hashLanes('', SEED_NULL);
  else if (Array.isArray(value)) arrayLanes(value);
  else if (value instanceof Date) numberLanes(value.getTime(), SEED_DATE);
  else if (value instanceof Uint8Array) bytesLanes(value);
  else objectLanes(value as Record<string, unknown>);
}

function numberLanes(value: number, seed: number): void {
  scratch.setFloat64(0, value);
  hashLanes('', seed);
  mixLanes(scratch.getInt32(0), scratch.getInt32(4));
}

function bytesLanes(bytes: Uint8Array): void {
  hashLanes('', SEED_BYTES);
  for (const byte of bytes) absorbLanes(byte, byte);
  mixLanes(bytes.length, 0);
}

function arrayLanes(items: readonly unknown[]): void {
  let a = SEED_ARRAY;
  let b = items.length;
  for (const item of items) {
    valueLanes(item);
    mixLanes(a, b);
    a = lanes[0] as number;
    b = lanes[1] as number;
  }
  finishLanes(a ^ SEED_ARRAY, b);
}

// Field hashes are added up, which makes the order of fields vanish without sorting. Names are unique within an object,
// so no two equal terms meet. Each term couples name and value, so swapping the values of two fields shows.
function objectLanes(object: Record<string, unknown>): void {
  let a = SEED_OBJECT;
  let b = 0;
  let at = 0;
  for (const name in object) {
    if (!Object.hasOwn(object, name)) continue;
    if (name !== memoNames[at]) rememberName(name, at);
    const nameA = memoLanes[2 * at] as number;
    const nameB = memoLanes[2 * at + 1] as number;
    at = (at + 1) & MEMO_MASK;
    valueLanes(object[name]);
    mixLanes(nameA, nameB);
    a = (a + (lanes[0] as number)) | 0;
    b = (b + (lanes[1] as number)) | 0;
  }
  finishLanes(a, b);
}

// Records of a map mostly have the same fields in the same order, so the hash of the last name seen at each place is
// kept: engines compare such names by address. A pure function's memo, nothing more.
const MEMO_MASK = 15;
const memoNames: string[] = [];
const memoLanes = new Int32Array(2 * (MEMO_MASK + 1));

function rememberName(name: string, at: number): void {
  hashLanes(name, SEED_FIELD);
  memoNames[at] = name;
  memoLanes.set(lanes, 2 * at);
}
