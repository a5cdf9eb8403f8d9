import { type ClientMessage, encode, serialize } from '@topgun/protocol';
import type { Rng } from '@topgun/sim/internal/rng';

/** MessagePack by hand, for what no encoder writes. */
export const raw = (...bytes: readonly number[]): Buffer => Buffer.from(bytes);
export const joined = (...parts: readonly Uint8Array[]): Buffer => Buffer.concat(parts);
export const packed = (value: unknown): Buffer => Buffer.from(serialize(value));
export const u16 = (value: number): Buffer => raw((value >> 8) & 255, value & 255);
export const u32 = (value: number): Buffer => joined(u16(value >>> 16), u16(value & 65_535));

export const arrayHead = (count: number): Buffer =>
  count < 16
    ? raw(0x90 | count)
    : count < 65_536
      ? joined(raw(0xdc), u16(count))
      : joined(raw(0xdd), u32(count));
export const mapHead = (count: number): Buffer =>
  count < 16
    ? raw(0x80 | count)
    : count < 65_536
      ? joined(raw(0xde), u16(count))
      : joined(raw(0xdf), u32(count));

export const encoded = (message: ClientMessage): Buffer => Buffer.from(encode(message));

/** An array of these parts, each of them MessagePack already. */
export const arrayOf = (...parts: readonly Uint8Array[]): Buffer => joined(arrayHead(parts.length), ...parts);

/** A message that may carry any value at all: what it carries are these bytes. */
export const carrying = (data: Uint8Array, topic = 'open:fuzz'): Buffer =>
  arrayOf(raw(14), packed(topic), data);

/** The bytes somewhere inside up to `levels` arrays and maps, among other things. */
export function nested(rng: Rng, bytes: Uint8Array, levels = 6): Buffer {
  let out: Buffer = Buffer.from(bytes);
  for (let level = rng.int(0, levels); level > 0; level--) {
    const before = Array.from({ length: rng.int(0, 3) }, () => packed(scalar(rng)));
    out = rng.chance(0.5)
      ? arrayOf(...before, out)
      : joined(
          mapHead(before.length + 1),
          ...before.flatMap((value, i) => [packed(`f${i}`), value]),
          packed('x'),
          out,
        );
  }
  return out;
}

/** Any admitted value without fields. */
export function scalar(rng: Rng): unknown {
  return rng.pick<unknown>([
    null,
    true,
    rng.int(-5, 300),
    rng.int(-(2 ** 31), 2 ** 31),
    rng.float(),
    BigInt(rng.u32()) * 4_294_967_296n,
    rng.id(rng.int(0, 40)),
    '😀é',
    new Date(rng.u32() * 1000),
    Uint8Array.from({ length: rng.int(0, 9) }, () => rng.int(0, 255)),
  ]);
}

/** Any admitted value. */
export function anyValue(rng: Rng, depth = 3): unknown {
  if (depth === 0 || rng.chance(0.5)) return scalar(rng);
  const count = rng.int(0, 4);
  return rng.chance(0.5)
    ? Array.from({ length: count }, () => anyValue(rng, depth - 1))
    : Object.fromEntries(
        Array.from({ length: count }, (_, i) => [`${rng.id(2)}${i}`, anyValue(rng, depth - 1)]),
      );
}

/** Names that are traps where records are built with `object[name] = value`. */
export const PROTOTYPE_NAMES = [
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'valueOf',
  'toJSON',
  'then',
  '__defineGetter__',
  '__lookupSetter__',
  'isPrototypeOf',
  'propertyIsEnumerable',
] as const;

export const randomBytes = (rng: Rng, min: number, max: number): Buffer =>
  Buffer.from(Array.from({ length: rng.int(min, max) }, () => rng.int(0, 255)));
