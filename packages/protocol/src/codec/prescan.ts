/**
 * The strict wire profile: one pass over the bytes of a frame before any decoder sees them.
 *
 * A decoder can be made to allocate gigabytes, recurse into the stack, or hand back RegExps, Sets and record
 * prototypes by a few bytes. This pass admits only what our own encoder writes: nil, booleans, numbers that are
 * finite and not -0, int64/uint64 (which stand for bigint), UTF-8 strings without surrogates, binary, arrays, maps
 * with distinct string keys, and the timestamp extension in whole milliseconds. Everything has a limit.
 *
 * Cost: linear in the bytes, apart from O(k log k) for the keys of a map of more than 16. Open containers and the
 * keys of open maps live on two stacks that are reused from frame to frame, so a good frame allocates nothing.
 */
import * as LIMITS from '../limits.js';
import { scanUtf8 } from './utf8.js';

/** Who sent the frame: a stranger, an authenticated client, or the server. */
export type WireProfile = 'preauth' | 'client' | 'server';
/** `stored`: not a frame but bytes of our own from a local store, where one chunk may hold many records. */
export type Profile = WireProfile | 'stored';

export type PrescanFault =
  | 'FRAME_TOO_BIG'
  | 'TRUNCATED'
  | 'TRAILING_BYTES'
  | 'TOO_DEEP'
  | 'TOO_MANY_NODES'
  | 'LENGTH_BEYOND_FRAME'
  | 'STRING_TOO_LONG'
  | 'KEY_NOT_STRING'
  | 'KEY_TOO_LONG'
  | 'KEY_DUPLICATE'
  | 'KEY_FORBIDDEN'
  | 'NUMBER_NOT_ADMITTED'
  | 'UTF8_INVALID'
  | 'TIMESTAMP_INVALID'
  | 'EXTENSION_NOT_ADMITTED'
  | 'TOKEN_NOT_ADMITTED';

/** What is wrong and at which byte. */
export interface PrescanRefusal {
  readonly fault: PrescanFault;
  readonly offset: number;
}

export interface ProfileBounds {
  readonly bytes: number;
  readonly stringBytes: number;
  readonly depth: number;
  readonly nodes: number;
}

const stringBytes = LIMITS.stringBytes;
export const profileBounds: Readonly<Record<Profile, ProfileBounds>> = {
  preauth: { bytes: LIMITS.frameBytesPreAuth, stringBytes, depth: LIMITS.depth, nodes: LIMITS.nodesPreAuth },
  client: { bytes: LIMITS.frameBytes, stringBytes, depth: LIMITS.depth, nodes: LIMITS.nodes },
  server: {
    bytes: LIMITS.frameBytesFromServer,
    stringBytes,
    depth: LIMITS.depthFromServer,
    nodes: LIMITS.nodesFromServer,
  },
  stored: {
    bytes: LIMITS.storedBytes,
    stringBytes: LIMITS.storedBytes,
    depth: LIMITS.storedDepth,
    nodes: LIMITS.storedBytes,
  },
};

const DEPTH_MAX = Math.max(...Object.values(profileBounds).map((bounds) => bounds.depth));
const KEY_BYTES = LIMITS.mapKeyBytes;
const SMALL_MAP = 16;
/** the 8.64e15 ms a Date can hold, in seconds */
const DATE_SECONDS_MAX = 8_640_000_000_000;

/** Items still to come in each open container; in a map, keys and values both count. */
const pending = new Int32Array(DEPTH_MAX + 1);
const isMap = new Uint8Array(DEPTH_MAX + 1);
/** Where the keys of each open map begin on the key stack. */
const firstKey = new Int32Array(DEPTH_MAX + 1);
/** Start and length of every key of the open maps. Grows to what a frame needs, at most a key per three bytes. */
let keys = new Int32Array(512);

const refuse = (fault: PrescanFault, offset: number): PrescanRefusal => ({ fault, offset });

/** The refusal of a frame outside the profile, or undefined when a decoder may see it. Never throws. */
export function prescan(bytes: Uint8Array, profile: Profile): PrescanRefusal | undefined {
  const bounds = profileBounds[profile];
  const end = bytes.length;
  if (end > bounds.bytes) return refuse('FRAME_TOO_BIG', bounds.bytes);

  let position = 0;
  let depth = 0;
  let nodesLeft = bounds.nodes;
  let keyTop = 0;
  let open = 1; // items still to come at this level; the frame itself is one item

  for (;;) {
    while (open === 0) {
      if (depth === 0) return position === end ? undefined : refuse('TRAILING_BYTES', position);
      if (isMap[depth] === 1) {
        const first = firstKey[depth] as number;
        if (keyTop - first > 2 * SMALL_MAP) {
          const offset = duplicateKey(bytes, first, keyTop);
          if (offset >= 0) return refuse('KEY_DUPLICATE', offset);
        }
        keyTop = first;
      }
      depth -= 1;
      open = pending[depth] as number;
    }
    if (position >= end) return refuse('TRUNCATED', position);
    if (nodesLeft-- === 0) return refuse('TOO_MANY_NODES', position);

    const at = position;
    const token = bytes[position++] as number;
    // Inside a map an even number of items left means that a key comes next.
    const wantsKey = depth > 0 && isMap[depth] === 1 && (open & 1) === 0;
    open -= 1;

    let length = -1; // of a string
    let items = -1; // of a container
    let map = 0;

    if (token < 0x80 || token >= 0xe0) {
      if (wantsKey) return refuse('KEY_NOT_STRING', at);
      continue;
    }
    if (token < 0x90) {
      map = 1;
      items = token & 0x0f;
    } else if (token < 0xa0) items = token & 0x0f;
    else if (token < 0xc0) length = token & 0x1f;
    else {
      const header = headerBytes[token - 0xc0] as number;
      if (header < 0)
        return refuse(extension[token - 0xc0] === 1 ? 'EXTENSION_NOT_ADMITTED' : 'TOKEN_NOT_ADMITTED', at);
      if (header > end - position) return refuse('TRUNCATED', at);
      if (wantsKey && (token < 0xd9 || token > 0xdb)) return refuse('KEY_NOT_STRING', at);
      switch (token) {
        case 0xc4:
        case 0xc5:
        case 0xc6: {
          const size = uint(bytes, position, header);
          position += header;
          if (size > end - position) return refuse('LENGTH_BEYOND_FRAME', at);
          if (size > bounds.stringBytes) return refuse('STRING_TOO_LONG', at);
          position += size;
          continue;
        }
        case 0xca:
        case 0xcb:
          if (!isPlainFloat(bytes, position, token === 0xca)) return refuse('NUMBER_NOT_ADMITTED', at);
          position += header;
          continue;
        case 0xc7:
        case 0xd6:
        case 0xd7: {
          const fault = timestampFault(bytes, position, token);
          if (fault !== undefined) return refuse(fault, at);
          position += header;
          continue;
        }
        case 0xd9:
        case 0xda:
        case 0xdb:
          length = uint(bytes, position, header);
          position += header;
          break;
        case 0xdc:
        case 0xdd:
          items = uint(bytes, position, header);
          position += header;
          break;
        case 0xde:
        case 0xdf:
          map = 1;
          items = uint(bytes, position, header);
          position += header;
          break;
        default:
          // nil, booleans and integers: nothing but their bytes
          position += header;
          continue;
      }
    }

    if (length >= 0) {
      if (length > end - position) return refuse('LENGTH_BEYOND_FRAME', at);
      if (length > bounds.stringBytes) return refuse('STRING_TOO_LONG', at);
      const bad = scanUtf8(bytes, position, position + length);
      if (bad >= 0) return refuse('UTF8_INVALID', bad);
      if (wantsKey) {
        if (length > KEY_BYTES) return refuse('KEY_TOO_LONG', at);
        if (length === 9 && isProto(bytes, position)) return refuse('KEY_FORBIDDEN', at);
        const first = firstKey[depth] as number;
        if (keyTop - first < 2 * SMALL_MAP) {
          for (let k = first; k < keyTop; k += 2) {
            if (keys[k + 1] === length && compareBytes(bytes, keys[k] as number, position, length) === 0) {
              return refuse('KEY_DUPLICATE', at);
            }
          }
        }
        if (keyTop + 2 > keys.length) growKeys();
        keys[keyTop++] = position;
        keys[keyTop++] = length;
      }
      position += length;
      continue;
    }

    // A container. Each item takes a byte at least, so a length beyond what remains is a lie.
    if (wantsKey) return refuse('KEY_NOT_STRING', at);
    const children = map === 1 ? items * 2 : items;
    if (children > end - position) return refuse('LENGTH_BEYOND_FRAME', at);
    if (children > nodesLeft) return refuse('TOO_MANY_NODES', at);
    if (depth >= bounds.depth) return refuse('TOO_DEEP', at);
    pending[depth] = open;
    depth += 1;
    isMap[depth] = map;
    firstKey[depth] = keyTop;
    open = children;
  }
}

// Bytes after tokens 0xc0..0xdf that belong to the header or to a fixed-size item; -1 = never admitted.
//                 c0 c1 c2 c3 c4 c5 c6 c7  c8  c9 ca cb cc cd ce cf d0 d1 d2 d3  d4  d5 d6 d7  d8 d9 da db dc dd de df
// biome-ignore format: a table
const headerBytes = new Int8Array([
                    0,-1, 0, 0, 1, 2, 4,14, -1, -1, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8, -1, -1, 5, 9, -1, 1, 2, 4, 2, 4, 2, 4]);
// biome-ignore format: a table
const extension = new Uint8Array([
                    0, 0, 0, 0, 0, 0, 0, 1,  1,  1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,  1,  1, 1, 1,  1, 0, 0, 0, 0, 0, 0, 0]);

function uint(bytes: Uint8Array, position: number, width: number): number {
  const first = bytes[position] as number;
  if (width === 1) return first;
  const two = first * 256 + (bytes[position + 1] as number);
  return width === 2
    ? two
    : two * 65536 + (bytes[position + 2] as number) * 256 + (bytes[position + 3] as number);
}

/** Finite, and not -0. */
function isPlainFloat(bytes: Uint8Array, position: number, single: boolean): boolean {
  const b0 = bytes[position] as number;
  const b1 = bytes[position + 1] as number;
  if ((b0 & 0x7f) === 0x7f && (single ? b1 >= 0x80 : b1 >= 0xf0)) return false;
  if (b0 !== 0x80) return true;
  for (let i = position + (single ? 3 : 7); i > position; i--) if (bytes[i] !== 0) return true;
  return false;
}

/**
 * Timestamp extension (-1): 4 bytes of seconds; 30 bits of nanoseconds and 34 of seconds; 4 bytes of nanoseconds and
 * 8 of signed seconds. Only whole milliseconds: anything finer would not survive a Date.
 */
function timestampFault(bytes: Uint8Array, start: number, token: number): PrescanFault | undefined {
  let position = start;
  if (token === 0xc7 && bytes[position++] !== 12) return 'EXTENSION_NOT_ADMITTED';
  if (bytes[position++] !== 0xff) return 'EXTENSION_NOT_ADMITTED';
  if (token === 0xd6) return undefined;
  const head = uint(bytes, position, 4);
  const nanos = token === 0xd7 ? Math.floor(head / 4) : head;
  if (nanos > 999_000_000 || nanos % 1_000_000 !== 0) return 'TIMESTAMP_INVALID';
  if (token === 0xd7) return undefined;
  const seconds = (uint(bytes, position + 4, 4) | 0) * 4_294_967_296 + uint(bytes, position + 8, 4);
  const inRange =
    seconds >= -DATE_SECONDS_MAX &&
    (seconds < DATE_SECONDS_MAX || (seconds === DATE_SECONDS_MAX && nanos === 0));
  return inRange ? undefined : 'TIMESTAMP_INVALID';
}

/** `__proto__`, which an ordinary object cannot hold as a field. */
function isProto(bytes: Uint8Array, position: number): boolean {
  for (let i = 0; i < 9; i++) if (bytes[position + i] !== PROTO.charCodeAt(i)) return false;
  return true;
}
const PROTO = '__proto__';

function compareBytes(bytes: Uint8Array, a: number, b: number, length: number): number {
  for (let i = 0; i < length; i++) {
    const difference = (bytes[a + i] as number) - (bytes[b + i] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}

function growKeys(): void {
  const larger = new Int32Array(keys.length * 2);
  larger.set(keys);
  keys = larger;
}

/** Offset of a key of a large map that occurs twice, or -1. Sorting cannot be attacked like a hash table. */
function duplicateKey(bytes: Uint8Array, first: number, top: number): number {
  const order = new Int32Array((top - first) / 2);
  for (let i = 0; i < order.length; i++) order[i] = first + 2 * i;
  const compare = (a: number, b: number): number => {
    const lengthA = keys[a + 1] as number;
    const lengthB = keys[b + 1] as number;
    return lengthA - lengthB || compareBytes(bytes, keys[a] as number, keys[b] as number, lengthA);
  };
  order.sort(compare);
  for (let i = 1; i < order.length; i++) {
    const key = order[i] as number;
    if (compare(order[i - 1] as number, key) === 0) return keys[key] as number;
  }
  return -1;
}
