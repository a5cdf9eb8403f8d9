import { describe, expect, it } from 'vitest';
import { frameBytes } from './frameBytes.js';

describe('frameBytes', () => {
  it.each([0, 125, 126, 65_535, 65_536])(
    '[OPS-34] a payload of %i bytes has the header of RFC 6455',
    (length) => {
      const frame = frameBytes(new Uint8Array(length));
      const expected =
        length < 126
          ? [length]
          : length < 65_536
            ? [126, length >> 8, length & 255]
            : [127, 0, 0, 0, 0, 0, 1, 0, 0];
      expect([...frame.subarray(0, frame.length - length)]).toEqual([0x82, ...expected]);
    },
  );
});
