import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decode, deserialize, encode, serialize } from './serializer.js';
import { admittedValue } from './testing/arbitraries.js';

describe('round trips', () => {
  it('[WIRE-9] every admitted value comes back exactly, as a value and inside a message', () => {
    fc.assert(
      fc.property(admittedValue, (value) => {
        // toStrictEqual takes a field named `constructor` for the class of the object
        expect(isDeepStrictEqual(deserialize(serialize(value)), value)).toBe(true);
        const message = { type: 'TOPIC_PUB', topic: 't', data: value } as const;
        expect(isDeepStrictEqual(decode(encode(message), 'client'), { ok: true, message })).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  it('[WIRE-9] a byte order mark survives in strings of any length, in names too', () => {
    for (const length of [
      0, 1, 15, 16, 31, 32, 61, 62, 64, 65, 252, 253, 255, 256, 65_532, 65_536, 100_000,
    ]) {
      const text = `\uFEFF${'x'.repeat(length)}`;
      const twice = `\uFEFF${text}`;
      const value = [text, { [text.slice(0, 80)]: [twice, 'y'.repeat(70), text] }, `a${text}`];
      expect(deserialize(serialize(value))).toStrictEqual(value);
    }
  });
});
