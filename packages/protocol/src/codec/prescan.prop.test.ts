import fc from 'fast-check';
import { Packr } from 'msgpackr/pack';
import { describe, expect, it } from 'vitest';
import { decode, encode } from '../serializer.js';
import { sampleEntries } from '../testing/samples.js';
import type { WireProfile } from './prescan.js';
import { prescan } from './prescan.js';

const decoder = new Packr({ useRecords: false });
const frames = sampleEntries.map(([, message]) => encode(message).slice());
const profile = fc.constantFrom<WireProfile>('preauth', 'client', 'server');

/** Bytes that open containers, strings and extensions come up far more often than by chance. */
const wireByte = fc.oneof(
  fc.nat(255),
  fc.integer({ min: 0xc0, max: 0xdf }),
  fc.integer({ min: 0x80, max: 0x9f }),
  fc.constantFrom(0xff, 0x72, 0x42, 0x00, 0xa1, 0x61),
);
const randomBytes = fc.array(wireByte, { maxLength: 60 }).map((bytes) => Uint8Array.from(bytes));
const mutatedBytes = fc
  .tuple(
    fc.constantFrom(...frames),
    fc.array(fc.tuple(fc.nat(), wireByte, fc.nat(3)), { minLength: 1, maxLength: 6 }),
  )
  .map(([frame, edits]) => {
    let bytes = [...frame];
    for (const [where, byte, how] of edits) {
      const at = where % Math.max(1, bytes.length);
      if (how === 0) bytes[at] = byte;
      else if (how === 1) bytes.splice(at, 1);
      else if (how === 2) bytes.splice(at, 0, byte);
      else bytes = bytes.slice(0, at);
    }
    return Uint8Array.from(bytes);
  });

describe('prescan under fuzz', () => {
  it('[WIRE-5] never throws; what it admits the decoder reads to the end, into plain data', () => {
    fc.assert(
      fc.property(fc.oneof(randomBytes, mutatedBytes), profile, (bytes, who) => {
        const refusal = prescan(bytes, who);
        if (refusal) {
          expect(refusal.offset).toBeGreaterThanOrEqual(0);
          expect(refusal.offset).toBeLessThanOrEqual(bytes.length);
        } else assertPlain(decoder.unpack(bytes));
      }),
      { numRuns: 20_000 },
    );
  });

  it('[WIRE-4] decode never throws and answers every input with a message or a code', () => {
    fc.assert(
      fc.property(fc.oneof(randomBytes, mutatedBytes), profile, (bytes, who) => {
        const decoded = decode(bytes, who);
        expect(decoded.ok || typeof decoded.code === 'string').toBe(true);
      }),
      { numRuns: 20_000 },
    );
  });

  it('[WIRE-5] good frames are admitted', () => {
    for (const frame of frames) expect(prescan(frame, 'server')).toBeUndefined();
  });
});

function assertPlain(value: unknown): void {
  if (Array.isArray(value)) value.forEach(assertPlain);
  else if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array)) {
    if (value instanceof Date) expect(Number.isNaN(value.getTime())).toBe(false);
    else {
      expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
      Object.values(value).forEach(assertPlain);
    }
  } else if (typeof value === 'number') expect(Number.isFinite(value) && !Object.is(value, -0)).toBe(true);
}
