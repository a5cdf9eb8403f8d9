import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Ink } from './Ink.js';

describe('Ink', () => {
  it('[STO-39] sums numbers, texts and bytes as one text of all of them', () => {
    const ink = new Ink();
    const number = fc.oneof(fc.nat(), fc.maxSafeInteger(), fc.double());
    const text = fc.string({ unit: 'binary', maxLength: 80 });
    fc.assert(
      fc.property(fc.array(fc.tuple(number, text, fc.uint8Array())), (parts) => {
        for (const [value, word, bytes] of parts)
          ink.number(value).text(word).cell(word).cell(bytes).cell(null);
        const all = parts.flatMap(([value, word, bytes]) => [
          Buffer.from(`${value}${word}${word}`),
          Buffer.from(bytes),
        ]);
        expect(ink.crc()).toBe(crc32(Buffer.concat(all)));
      }),
    );
  });

  it('[STO-39] writes the digits of every whole number', () => {
    const ink = new Ink();
    const ends = Array.from({ length: 16 }, (_, digits) => 10 ** digits).flatMap((end) => [
      end - 1,
      end,
      9 * end,
    ]);
    for (const value of [...ends, Number.MAX_SAFE_INTEGER, -1, 0.5])
      expect(ink.number(value).crc()).toBe(crc32(String(value)));
  });
});
