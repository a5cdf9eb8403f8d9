import {
  absorbLanes,
  finishLanes,
  hashLanes,
  lanes,
  lanesToHash,
  mixLanes,
  setLanes,
  textLanes,
} from './hashString.js';

// One seed per type, taken into both lanes: a number of few digits leaves one of them as it was. They differ in bits that
// no two letters make up for.
const SEED_BOOLEAN = 1e8;
const SEED_NULL = 2e8;
const SEED_NUMBER = 3e8;
const SEED_BIGINT = 4e8;
const SEED_STRING = 5e8;
const SEED_DATE = 6e8;
const SEED_BYTES = 7e8;
const SEED_ARRAY = 8e8;
const SEED_OBJECT = 9e8;
const SEED_FIELD = 1e9;

const { hasOwnProperty: hasOwn } = Object.prototype;
const scratch = new DataView(new ArrayBuffer(8));

/**
 * The 53-bit hash of an admitted value: equal for two values iff their canonical encodings are equal, save for chance
 * collisions. The order of an object's fields plays no part.
 */
export function hashValue(value: unknown): number {
  valueLanes(value);
  return lanesToHash();
}

/**
 * Hashes an admitted value into `lanes` by walking it, from a state that says where it stands; nothing is encoded or
 * sorted.
 */
export function valueLanes(value: unknown, a = 0, b = 0): void {
  if (typeof value === 'string') textLanes(value, a ^ SEED_STRING, b + SEED_STRING);
  else if (typeof value === 'number') numberLanes(value, a ^ SEED_NUMBER, b + SEED_NUMBER);
  else if (typeof value === 'boolean') finishLanes(a ^ SEED_BOOLEAN, b + SEED_BOOLEAN + Number(value));
  else if (typeof value === 'bigint') textLanes(value.toString(), a ^ SEED_BIGINT, b + SEED_BIGINT);
  else if (value === null) finishLanes(a ^ SEED_NULL, b + SEED_NULL);
  else if (Array.isArray(value)) arrayLanes(value, a ^ SEED_ARRAY, b + SEED_ARRAY);
  else if (value instanceof Date) numberLanes(value.getTime(), a ^ SEED_DATE, b + SEED_DATE);
  else if (value instanceof Uint8Array) bytesLanes(value, a ^ SEED_BYTES, b + SEED_BYTES);
  else objectLanes(value as Record<string, unknown>, a ^ SEED_OBJECT, b + SEED_OBJECT);
}

function numberLanes(value: number, a: number, b: number): void {
  scratch.setFloat64(0, value);
  setLanes(a, b);
  mixLanes(scratch.getInt32(0), scratch.getInt32(4));
}

function bytesLanes(bytes: Uint8Array, a: number, b: number): void {
  setLanes(a, b);
  for (const byte of bytes) absorbLanes(byte, byte);
  mixLanes(bytes.length, 0);
}

function arrayLanes(items: readonly unknown[], stateA: number, stateB: number): void {
  let a = stateA;
  let b = stateB;
  for (const item of items) {
    valueLanes(item, a, b);
    a = lanes[0] as number;
    b = lanes[1] as number;
  }
  finishLanes(a ^ SEED_ARRAY, b ^ items.length);
}

// Field hashes are added up, which makes the order of fields vanish without sorting. Names are unique within an object,
// so no two equal terms meet. Each value is hashed from its name's state, so swapping the values of two fields shows.
function objectLanes(object: Record<string, unknown>, stateA: number, stateB: number): void {
  let a = stateA;
  let b = stateB;
  let at = 0;
  for (const name in object) {
    // Engines skip this check in a loop over the same object's fields; `Object.hasOwn` they call.
    if (!hasOwn.call(object, name)) continue;
    if (name !== memoNames[at]) rememberName(name, at);
    const nameA = memoLanes[2 * at] as number;
    const nameB = memoLanes[2 * at + 1] as number;
    at = (at + 1) & MEMO_MASK;
    valueLanes(object[name], nameA, nameB);
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
