import { asciiText } from './asciiText.js';
import { strictTextDecoder } from './platformText.js';

/**
 * Reads bytes that the pre-scan has let through, which is what makes it short and fast: nothing is checked again, and what lies
 * outside of the strict wire profile is undefined here. A property test holds its values equal to those of msgpackr.
 *
 * Texts of ASCII are put together from arrays that are kept, names of fields are looked up by their bytes. So an op costs the
 * objects and texts it is made of, and no more.
 */
const decoder = strictTextDecoder();

interface Name {
  readonly bytes: Uint8Array;
  readonly name: string;
}
const NAMES_MASK = 1023;
const NAME_BYTES_MAX = 32;
/** The name met last of those that share a place here. A memo, nothing more. */
const names: (Name | undefined)[] = new Array(NAMES_MASK + 1).fill(undefined);

let bytes: Uint8Array;
let view: DataView;
let at = 0;

/** The value that the bytes hold, with fresh objects and buffers. */
export function unpackScanned(scanned: Uint8Array): unknown {
  bytes = scanned;
  view = new DataView(scanned.buffer, scanned.byteOffset, scanned.length);
  at = 0;
  return read();
}

function read(): unknown {
  const token = bytes[at++] as number;
  if (token < 0x80) return token;
  if (token < 0x90) return object(token - 0x80);
  if (token < 0xa0) return list(token - 0x90);
  if (token < 0xc0) return text(token - 0xa0);
  if (token >= 0xe0) return token - 0x100;
  switch (token) {
    case 0xc0:
      return null;
    case 0xc2:
      return false;
    case 0xc3:
      return true;
    case 0xc4:
    case 0xc5:
    case 0xc6:
      return binary(uint(token - 0xc4));
    case 0xca:
      at += 4;
      return view.getFloat32(at - 4);
    case 0xcb:
      at += 8;
      return view.getFloat64(at - 8);
    case 0xcc:
    case 0xcd:
    case 0xce:
      return uint(token - 0xcc);
    case 0xcf:
      at += 8;
      return view.getBigUint64(at - 8);
    case 0xd0:
      return view.getInt8(at++);
    case 0xd1:
      at += 2;
      return view.getInt16(at - 2);
    case 0xd2:
      at += 4;
      return view.getInt32(at - 4);
    case 0xd3:
      at += 8;
      return view.getBigInt64(at - 8);
    case 0xd9:
    case 0xda:
    case 0xdb:
      return text(uint(token - 0xd9));
    case 0xdc:
    case 0xdd:
      return list(uint(token - 0xdb));
    case 0xde:
    case 0xdf:
      return object(uint(token - 0xdd));
    case 0xd4:
      // Not of the wire, which has no word for it: `plain.ts` has.
      at += 2;
      return undefined;
    default:
      return date(token);
  }
}

/** The next `2 ** power` bytes as an unsigned number. */
function uint(power: number): number {
  const from = at;
  at += 1 << power;
  return power === 0 ? (bytes[from] as number) : power === 1 ? view.getUint16(from) : view.getUint32(from);
}

function list(length: number): unknown[] {
  const items: unknown[] = [];
  for (let i = 0; i < length; i++) items.push(read());
  return items;
}

function object(length: number): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (let i = 0; i < length; i++) {
    const name = nameOf();
    fields[name] = read();
  }
  return fields;
}

function nameOf(): string {
  const token = bytes[at++] as number;
  const length = token < 0xc0 ? token - 0xa0 : uint(token - 0xd9);
  if (length === 0 || length > NAME_BYTES_MAX) return text(length);
  const from = at;
  const place =
    ((bytes[from] as number) * 7 + (bytes[from + length - 1] as number) * 31 + length * 101) & NAMES_MASK;
  const known = names[place];
  if (known !== undefined && isAt(known.bytes, from, length)) {
    at += length;
    return known.name;
  }
  // Engines keep one text of each name of a field, and find fields fastest by it.
  const name = Object.keys({ [text(length)]: 0 })[0] as string;
  names[place] = { bytes: copied(from, length), name };
  return name;
}

function isAt(name: Uint8Array, from: number, length: number): boolean {
  if (name.length !== length) return false;
  for (let i = 0; i < length; i++) if (name[i] !== bytes[from + i]) return false;
  return true;
}

function text(length: number): string {
  const from = at;
  at += length;
  return asciiText(bytes, from, length) ?? decoder.decode(bytes.subarray(from, at));
}

function binary(length: number): Uint8Array {
  const copy = copied(at, length);
  at += length;
  return copy;
}

/** What is kept outlives the frame, and must not keep it; never a Buffer of Node, whatever was given. */
function copied(from: number, length: number): Uint8Array {
  const copy = new Uint8Array(length);
  copy.set(bytes.subarray(from, from + length));
  return copy;
}

/** Timestamp extension -1: seconds in 32 bits, with nanoseconds in 64, or both signed in 96. */
function date(token: number): Date {
  // Behind the type of the extension, and behind the length where the form has one.
  at += token === 0xc7 ? 2 : 1;
  let seconds = uint(2);
  let nanos = 0;
  if (token !== 0xd6) {
    nanos = token === 0xd7 ? seconds >>> 2 : seconds;
    if (token === 0xd7) seconds = (seconds & 3) * 2 ** 32 + uint(2);
    else {
      seconds = Number(view.getBigInt64(at));
      at += 8;
    }
  }
  return new Date(seconds * 1000 + nanos / 1_000_000);
}
