import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packPlain, unpackPlain } from './plain.js';

const leaf = fc.oneof(
  fc.constantFrom(null, undefined, true, false),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true }).map((number) => number + 0),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
  fc.string({ unit: 'grapheme' }),
  fc.uint8Array(),
  fc.date({ noInvalidDate: true }),
);
const plain = fc.letrec<{ any: unknown }>((tie) => ({
  any: fc.oneof(
    { depthSize: 'small', maxDepth: 4 },
    leaf,
    fc.array(tie('any')),
    fc.dictionary(
      fc.string().filter((name) => name !== '__proto__'),
      tie('any'),
      { noNullPrototype: true },
    ),
  ),
})).any;

describe('plain data', () => {
  it('[CLU-41] comes back as it was, undefined among it', () => {
    fc.assert(
      fc.property(plain, (value) => {
        expect(unpackPlain(packPlain(value))).toStrictEqual(value);
      }),
    );
  });

  it('bytes are copies, never a Buffer, and outlive the frame', () => {
    const frame = packPlain({ bytes: new Uint8Array([1, 2]) });
    const { bytes } = unpackPlain(frame) as { readonly bytes: Uint8Array };
    frame.fill(0);
    expect(bytes).toStrictEqual(new Uint8Array([1, 2]));
  });
});
