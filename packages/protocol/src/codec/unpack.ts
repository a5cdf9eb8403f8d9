/**
 * The reading half of the codec of devices: it decodes and holds the strict wire profile in one pass, where servers run
 * a pre-scan before msgpackr. A property test holds that both refuse the same bytes and read the same values.
 */
import * as LIMITS from '../limits.js';
import { strictTextDecoder } from './platformText.js';

const decoder = strictTextDecoder();
/** Up to here a text of ASCII is put together by hand, which costs less than a call of the decoder. */
const SHORT_TEXT = 24;

let bytes: Uint8Array;
let view: DataView;
let at = 0;
let depth = 0;

/** The array of a frame from the server, or the number of the byte at which it is refused. */
export function unpackFrame(frame: Uint8Array): readonly unknown[] | number {
  const next = unpackNext(frame, 0);
  if (typeof next === 'number') return next;
  return next[1] === frame.length ? next[0] : next[1];
}

/** The frame that begins at `start`, with the byte at which it ends; or the number of the byte at which it is refused. */
export function unpackNext(
  turn: Uint8Array,
  start: number,
): readonly [frame: readonly unknown[], end: number] | number {
  bytes = turn;
  view = new DataView(turn.buffer, turn.byteOffset, turn.length);
  at = start;
  depth = 0;
  try {
    const value = read();
    check(at - start <= LIMITS.frameBytesFromServer && Array.isArray(value) && value.length > 0);
    return [value as readonly unknown[], at];
  } catch {
    // Refused here, by the view at the end of the bytes, or by the decoder of texts.
    return at;
  }
}

function check(isRight: boolean): void {
  if (!isRight) throw new RangeError();
}

/** The next bytes, and passes over them. */
function take(size: number): Uint8Array {
  check(size <= LIMITS.stringBytes && at + size <= bytes.length);
  at += size;
  return bytes.subarray(at - size, at);
}

/** The next `2 ** power` bytes as an unsigned number. */
function uint(power: number): number {
  const value = power === 0 ? view.getUint8(at) : power === 1 ? view.getUint16(at) : view.getUint32(at);
  at += 1 << power;
  return value;
}

function int64(): bigint {
  const value = view.getBigInt64(at);
  at += 8;
  return value;
}

function text(size: number): string {
  const part = take(size);
  let short = '';
  for (let i = 0; i < size; i++) {
    const byte = part[i] as number;
    if (byte > 0x7f || size > SHORT_TEXT) return decoder.decode(part);
    short += String.fromCharCode(byte);
  }
  return short;
}

const isTextToken = (token: number): boolean =>
  (token >= 0xa0 && token < 0xc0) || (token >= 0xd9 && token <= 0xdb);

function container<T>(fill: () => T): T {
  check(++depth <= LIMITS.depthFromServer);
  const filled = fill();
  depth--;
  return filled;
}

const list = (length: number): unknown[] =>
  container(() => {
    const items: unknown[] = [];
    // A length that lies runs into the end of the bytes.
    for (let i = 0; i < length; i++) items.push(read());
    return items;
  });

const object = (length: number): Record<string, unknown> =>
  container(() => {
    const fields: Record<string, unknown> = {};
    for (let i = 0; i < length; i++) {
      check(isTextToken(bytes[at] as number));
      const start = at;
      const name = read() as string;
      check(at - start <= LIMITS.mapKeyBytes + 3 && name !== '__proto__' && !Object.hasOwn(fields, name));
      fields[name] = read();
    }
    return fields;
  });

function float(size: number): number {
  const value = size === 4 ? view.getFloat32(at) : view.getFloat64(at);
  at += size;
  check(Number.isFinite(value) && !Object.is(value, -0));
  return value;
}

/** Timestamp extension -1: seconds in 32 bits, with nanoseconds in 64, or both signed in 96. Whole milliseconds only. */
function date(size: number): Date {
  check(uint(0) === 0xff);
  let seconds = uint(2);
  let nanos = 0;
  if (size > 4) {
    nanos = size === 8 ? seconds >>> 2 : seconds;
    seconds = size === 8 ? (seconds & 3) * 2 ** 32 + uint(2) : Number(int64());
  }
  const value = new Date(seconds * 1000 + nanos / 1_000_000);
  check(nanos < 1_000_000_000 && nanos % 1_000_000 === 0 && !Number.isNaN(value.getTime()));
  return value;
}

function read(): unknown {
  const token = uint(0);
  if (token < 0x80) return token;
  if (token < 0x90) return object(token - 0x80);
  if (token < 0xa0) return list(token - 0x90);
  if (token < 0xc0) return text(token - 0xa0);
  if (token >= 0xe0) return token - 0x100;
  // Lengths and unsigned numbers in 8, 16 or 32 bits stand in runs; arrays and objects have no form in 8.
  if (token >= 0xde) return object(uint(token - 0xdd));
  if (token >= 0xdc) return list(uint(token - 0xdb));
  if (token >= 0xd9) return text(uint(token - 0xd9));
  if (token >= 0xcc && token <= 0xce) return uint(token - 0xcc);
  // A copy, also where the frame is a Buffer of Node, whose slices share its memory.
  if (token >= 0xc4 && token <= 0xc6) return new Uint8Array(take(uint(token - 0xc4)));
  switch (token) {
    case 0xc0:
      return null;
    case 0xc2:
    case 0xc3:
      return token === 0xc3;
    case 0xc7:
      check(uint(0) === 12);
      return date(12);
    case 0xca:
      return float(4);
    case 0xcb:
      return float(8);
    case 0xcf:
      return BigInt.asUintN(64, int64());
    case 0xd0:
      return (uint(0) << 24) >> 24;
    case 0xd1:
      return (uint(1) << 16) >> 16;
    case 0xd2:
      return uint(2) | 0;
    case 0xd3:
      return int64();
    case 0xd6:
      return date(4);
    case 0xd7:
      return date(8);
    default:
      return check(false);
  }
}
