import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { Packr } from 'msgpackr/pack';
import { describe, expect, it } from 'vitest';
import { decode, encode } from '../serializer.js';
import { hostileBytes } from '../testing/arbitraries.js';
import { sampleEntries } from '../testing/samples.js';
import type { WireProfile } from './prescan.js';
import { prescan } from './prescan.js';
import { unpackScanned } from './unpackScanned.js';

const decoder = new Packr({ useRecords: false, copyBuffers: true });
const isMarked = (bytes: Uint8Array): boolean => Buffer.from(bytes).includes(Buffer.from([0xef, 0xbb, 0xbf]));
const frames = sampleEntries.map(([, message]) => encode(message).slice());
const profile = fc.constantFrom<WireProfile>('preauth', 'client', 'server');

describe('prescan under fuzz', () => {
  it('[WIRE-5] never throws; what it admits the decoder reads into plain data, as msgpackr does', () => {
    fc.assert(
      fc.property(hostileBytes(frames), profile, (bytes, who) => {
        const refusal = prescan(bytes, who);
        if (refusal) {
          expect(refusal.offset).toBeGreaterThanOrEqual(0);
          expect(refusal.offset).toBeLessThanOrEqual(bytes.length);
        } else {
          const read = unpackScanned(bytes);
          assertPlain(read);
          // msgpackr swallows a byte order mark at the beginning of long texts.
          if (!isMarked(bytes)) expect(isDeepStrictEqual(read, decoder.unpack(bytes))).toBe(true);
        }
      }),
      { numRuns: 20_000 },
    );
  });

  it('[WIRE-4] decode never throws and answers every input with a message or a code', () => {
    fc.assert(
      fc.property(hostileBytes(frames), profile, (bytes, who) => {
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
