import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { admittedValues } from '../../test/arbitraries.js';
import { hashValue } from '../hash/hashValue.js';
import { assertAdmitted } from '../value/assertAdmitted.js';
import { cloneAdmitted } from '../value/cloneAdmitted.js';
import { compareValues } from '../value/compareValues.js';
import { deepEqual } from '../value/deepEqual.js';
import { decodeCanonical } from './decodeCanonical.js';
import { encodeCanonical } from './encodeCanonical.js';

// The same value with the fields of every object written in the opposite order.
function reordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reordered);
  if (typeof value !== 'object' || value === null || value instanceof Date || value instanceof Uint8Array)
    return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, field]) => [name, reordered(field)]),
  );
}

describe('values', () => {
  it('[DAT-4] decode(encode(x)) = x with exact types, for every admitted value', () => {
    fc.assert(
      fc.property(admittedValues, (value) => {
        const decoded = decodeCanonical(encodeCanonical(value));
        // Not toStrictEqual, which takes a field called `constructor` for the class.
        expect(isDeepStrictEqual(decoded, value)).toBe(true);
        expect(deepEqual(decoded, value)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('[DAT-4] a copy is equal and shares nothing that can change', () => {
    fc.assert(
      fc.property(admittedValues, (value) => {
        const copy = cloneAdmitted(value);
        expect(isDeepStrictEqual(copy, value)).toBe(true);
        if (typeof value === 'object') expect(copy).not.toBe(value);
      }),
    );
  });

  it('[DAT-5] hash, encoding, equality and order agree, whatever the order of fields', () => {
    fc.assert(
      fc.property(admittedValues, admittedValues, (a, b) => {
        const same = deepEqual(a, b);
        expect(Buffer.from(encodeCanonical(a)).equals(encodeCanonical(b))).toBe(same);
        expect(hashValue(a) === hashValue(b)).toBe(same);
        expect(compareValues(a, b) === 0).toBe(same);
        const other = reordered(a);
        expect(hashValue(other)).toBe(hashValue(a));
        expect(encodeCanonical(other)).toEqual(encodeCanonical(a));
        expect(compareValues(a, other)).toBe(0);
      }),
      { numRuns: 500 },
    );
  });

  it('the order of values is total', () => {
    const any = fc.oneof(admittedValues, fc.constantFrom(undefined, null, 1, 1n, 0, '1', true));
    fc.assert(
      fc.property(any, any, any, (a, b, c) => {
        expect(Math.sign(compareValues(a, b))).toBe(-Math.sign(compareValues(b, a)) + 0);
        // Boxed, because sort puts a bare undefined last without asking.
        const [x, y, z] = [[a], [b], [c]]
          .sort(([one], [other]) => compareValues(one, other))
          .map(([value]) => value);
        expect(compareValues(x, y)).toBeLessThanOrEqual(0);
        expect(compareValues(y, z)).toBeLessThanOrEqual(0);
        expect(compareValues(x, z)).toBeLessThanOrEqual(0);
      }),
      { numRuns: 500 },
    );
  });

  it('[DAT-4] no bytes decode to something that encodes to other bytes', () => {
    const noise = fc.oneof(
      fc.uint8Array({ maxLength: 24 }),
      fc.tuple(admittedValues, fc.nat(), fc.nat({ max: 255 })).map(([value, at, byte]) => {
        const bytes = encodeCanonical(value);
        bytes[at % bytes.length] = byte;
        return bytes;
      }),
    );
    fc.assert(
      fc.property(noise, (bytes) => {
        let value: unknown;
        try {
          value = decodeCanonical(bytes);
        } catch (error) {
          expect(error).toMatchObject({ code: 'CANONICAL_FORMAT' });
          return;
        }
        expect(Buffer.from(encodeCanonical(value)).equals(bytes)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it('[DAT-4] every admitted value passes, and none with a fault put anywhere inside of it', () => {
    const faults = fc.constantFrom(
      undefined,
      Number.NaN,
      -0,
      2n ** 64n,
      '\ud800',
      new Map(),
      new Date(Number.NaN),
    );
    fc.assert(
      fc.property(admittedValues, faults, (value, fault) => {
        assertAdmitted(value);
        expect(() => assertAdmitted({ items: [value, { deep: fault }] })).toThrow(
          / at \$\.items\[1\]\.deep: /,
        );
      }),
    );
  });
});
