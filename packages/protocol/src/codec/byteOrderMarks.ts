/**
 * Keeps a leading U+FEFF in long strings. msgpackr reads strings of more than 64 bytes with a TextDecoder that
 * swallows one byte order mark. Such strings are given a second mark, which is then the one that is swallowed.
 * Frames without one, which is nearly all, are returned as they are.
 */

const SHORT_STRING_BYTES = 64;

/** `bytes` must have passed the pre-scan. Returns a plain Uint8Array, so that binary inside it is decoded as such. */
export function keepByteOrderMarks(bytes: Uint8Array): Uint8Array {
  const marks = indexOfMark(bytes, 0) < 0 ? [] : stringsWithMark(bytes);
  if (marks.length === 0) {
    return bytes.constructor === Uint8Array
      ? bytes
      : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  }
  const out = new Uint8Array(bytes.length + marks.length * 8);
  let from = 0;
  let to = 0;
  for (const { start, body, length } of marks) {
    out.set(bytes.subarray(from, start), to);
    to += start - from;
    const size = length + 3;
    out.set([0xdb, size >>> 24, (size >>> 16) & 255, (size >>> 8) & 255, size & 255, 0xef, 0xbb, 0xbf], to);
    to += 8;
    out.set(bytes.subarray(body, body + length), to);
    to += length;
    from = body + length;
  }
  out.set(bytes.subarray(from), to);
  return out.subarray(0, to + bytes.length - from);
}

function indexOfMark(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(0xef, from); at >= 0; at = bytes.indexOf(0xef, at + 1)) {
    if (bytes[at + 1] === 0xbb && bytes[at + 2] === 0xbf) return at;
  }
  return -1;
}

interface MarkedString {
  readonly start: number;
  readonly body: number;
  readonly length: number;
}

/** Walks the items of the frame, for only an item's own header tells a string from bytes that look like one. */
function stringsWithMark(bytes: Uint8Array): MarkedString[] {
  const found: MarkedString[] = [];
  let position = 0;
  while (position < bytes.length) {
    const start = position;
    const token = bytes[position++] as number;
    const header = token >= 0xc0 && token < 0xe0 ? (sizes[token - 0xc0] as number) : 0;
    if (header >= 0) {
      position += header;
      if (token >= 0xa0 && token < 0xc0) position += token & 0x1f;
      continue;
    }
    const width = -header;
    let length = 0;
    for (let i = 0; i < width; i++) length = length * 256 + (bytes[position++] as number);
    const isString = token >= 0xd9;
    if (
      isString &&
      length > SHORT_STRING_BYTES &&
      indexOfMark(bytes.subarray(position, position + 3), 0) === 0
    ) {
      found.push({ start, body: position, length });
    }
    position += length;
  }
  return found;
}

// Bytes that follow tokens 0xc0..0xdf; negative = width of a length that counts bytes to skip (binary, string).
// biome-ignore format: a table
const sizes = new Int8Array([
  0, 0, 0, 0, -1, -2, -4, 14, 0, 0, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 0, 0, 5, 9, 0, -1, -2, -4, 2, 4, 2, 4]);
