import { encodeCanonical } from '@topgun/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { valueFromJson, valueToJson } from './valueJson.js';

const scalar = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.double({ noNaN: true, noDefaultInfinity: true }).filter((n) => !Object.is(n, -0)),
  fc.boolean(),
  fc.constant(null),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
  fc.date({ noInvalidDate: true }),
  fc.uint8Array(),
);
const name = fc
  .oneof(fc.string(), fc.constantFrom('$bigint', '$date', '$bytes', '$plain', '$', 'constructor'))
  .filter((text) => text !== '__proto__');
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    scalar,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(name, tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
}));

describe('values as JSON', () => {
  it('[EXP-2] every stored value comes back exactly through the text', () => {
    fc.assert(
      fc.property(value, (given) => {
        const back = valueFromJson(JSON.parse(JSON.stringify(valueToJson(given))));
        expect(encodeCanonical(back)).toEqual(encodeCanonical(given));
      }),
      { numRuns: 2_000 },
    );
  });

  it('[EXP-2] plain JSON is plain JSON', () => {
    expect(valueToJson({ a: [1, 'x', null, true], $b: 1 })).toEqual({ a: [1, 'x', null, true], $b: 1 });
  });

  it.each([
    { $bigint: 1 },
    { $bigint: 'x' },
    { $date: 'never' },
    { $bytes: '*' },
    { $other: 'x' },
    { $plain: 1 },
  ])('[EXP-2] %j is no value', (json) => {
    expect(() => valueFromJson(json)).toThrow();
  });
});
