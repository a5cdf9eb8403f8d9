/**
 * The writing half of the codec of devices: MessagePack (https://github.com/msgpack/msgpack/blob/master/spec.md) in the
 * subset of the strict wire profile. It stands beside msgpackr, which servers use, because a browser would carry msgpackr
 * for a tenth of what it can do (docs/decisions/0003). A property test holds the bytes of both equal.
 */
import { textEncoder } from './platformText.js';

const BUFFER_BYTES = 1024;
const encoder = textEncoder();

// One buffer for all calls; only what was written is copied out of it.
let buffer = new Uint8Array(BUFFER_BYTES);
let view = new DataView(buffer.buffer);
let at = 0;

/** The bytes of an admitted value; `undefined` is written as nil. */
export function pack(value: unknown): Uint8Array {
  at = 0;
  write(value);
  return buffer.slice(0, at);
}

function reserve(size: number): void {
  if (at + size <= buffer.length) return;
  const old = buffer;
  buffer = new Uint8Array(2 * (at + size));
  buffer.set(old);
  view = new DataView(buffer.buffer);
}

/** A token and a big-endian number of 8, 16 or 32 bits behind it; a negative one as its two's complement. */
function number(token: number, bits: number, value: number): void {
  buffer[at++] = token;
  for (let shift = bits - 8; shift >= 0; shift -= 8) buffer[at++] = value >>> shift;
}

function bigint(token: number, value: bigint): void {
  buffer[at++] = token;
  view.setBigInt64(at, value);
  at += 8;
}

/** A length in the shortest form: with the token itself, or behind it in 8 (strings and binary only), 16 or 32 bits. */
function length(value: number, fixed: number, fixedMax: number, token8: number, token16: number): void {
  if (value <= fixedMax) buffer[at++] = fixed + value;
  else if (value < 0x100 && token8 > 0) number(token8, 8, value);
  else if (value < 0x10000) number(token16, 16, value);
  else number(token16 + 1, 32, value);
}

function write(value: unknown): void {
  reserve(16);
  if (typeof value === 'number') writeNumber(value);
  else if (typeof value === 'string') writeText(value);
  else if (typeof value === 'boolean') buffer[at++] = value ? 0xc3 : 0xc2;
  else if (typeof value === 'bigint') bigint(value < 0x8000000000000000n ? 0xd3 : 0xcf, value);
  else if (Array.isArray(value)) {
    length(value.length, 0x90, 15, 0, 0xdc);
    for (const item of value) write(item);
  } else if (value instanceof Uint8Array) {
    reserve(value.length + 5);
    length(value.length, 0, -1, 0xc4, 0xc5);
    buffer.set(value, at);
    at += value.length;
  } else if (value instanceof Date) writeDate(value.getTime());
  else if (value) {
    const fields = Object.entries(value);
    number(0xde, 16, fields.length);
    for (const [name, field] of fields) {
      writeText(name);
      write(field);
    }
  } else buffer[at++] = 0xc0;
}

function writeNumber(value: number): void {
  if (value === value >>> 0) {
    if (value < 0x80) buffer[at++] = value;
    else if (value < 0x100) number(0xcc, 8, value);
    else if (value < 0x10000) number(0xcd, 16, value);
    else number(0xce, 32, value);
  } else if (value === value >> 0) {
    if (value >= -0x20) buffer[at++] = value;
    else if (value >= -0x80) number(0xd0, 8, value);
    else if (value >= -0x8000) number(0xd1, 16, value);
    else number(0xd2, 32, value);
  } else {
    // Whole numbers beyond 32 bits too: the integers of 64 bits stand for bigint.
    buffer[at++] = 0xcb;
    view.setFloat64(at, value);
    at += 8;
  }
}

function writeText(text: string): void {
  // Written behind the longest header first: only then is the length in bytes known.
  reserve(3 * text.length + 5);
  const start = at + 5;
  const size = encoder.encodeInto(text, buffer.subarray(start)).written;
  length(size, 0xa0, 31, 0xd9, 0xda);
  buffer.copyWithin(at, start, start + size);
  at += size;
}

/** Timestamp extension -1: seconds in 32 bits, with nanoseconds in 64, or both signed in 96. */
function writeDate(ms: number): void {
  const seconds = Math.floor(ms / 1000);
  const nanos = (ms - seconds * 1000) * 1_000_000;
  const isNarrow = seconds >= 0 && seconds < 2 ** 32;
  if (isNarrow && nanos === 0) {
    number(0xd6, 8, 0xff);
    view.setUint32(at, seconds);
    at += 4;
  } else if (isNarrow) {
    number(0xd7, 8, 0xff);
    view.setUint32(at, nanos * 4);
    view.setUint32(at + 4, seconds);
    at += 8;
  } else {
    number(0xc7, 8, 12);
    number(0xff, 32, nanos);
    view.setBigInt64(at, BigInt(seconds));
    at += 8;
  }
}
