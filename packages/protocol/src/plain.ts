/**
 * Plain data between processes that trust each other: no pre-scan, and what is `undefined` stays so. Everything else is as in
 * `serializer.ts`: bigint as 64-bit integer, Date as timestamp, Uint8Array as binary.
 */
import { Packr } from 'msgpackr/pack';
import { unpackScanned } from './codec/unpackScanned.js';

const packr = new Packr({ useRecords: false, useToJSON: false });

/** Bytes of plain data. */
export function packPlain(value: unknown): Uint8Array {
  return packr.pack(value);
}

/** The value of bytes made by `packPlain`, with fresh objects and buffers. What others have made may give anything, or throw. */
export function unpackPlain(bytes: Uint8Array): unknown {
  return unpackScanned(bytes);
}
