import type { Rng } from '@topgun/sim/internal/rng';

/** Bytes at which formats turn: heads of containers, extensions, edges of lengths, bytes that no UTF-8 has. */
const TELLING = [
  0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc4, 0xc6, 0xc7, 0xc9, 0xca, 0xcb, 0xcf, 0xd3,
  0xd4, 0xd6, 0xd7, 0xd8, 0xd9, 0xdb, 0xdc, 0xdd, 0xde, 0xdf, 0xe0, 0xed, 0xf4, 0xff,
];

/** A frame with one to six places changed, below what it means. */
export function mutateBytes(rng: Rng, frame: Uint8Array, other: Uint8Array): Uint8Array {
  let bytes = Uint8Array.from(frame);
  for (let times = rng.int(1, 6); times > 0 && bytes.length > 0; times--) {
    const at = rng.int(0, bytes.length - 1);
    switch (rng.int(0, 6)) {
      case 0:
        bytes[at] = (bytes[at] as number) ^ (1 << rng.int(0, 7));
        break;
      case 1:
        bytes[at] = rng.pick(TELLING);
        break;
      case 2:
        bytes = joined(bytes.subarray(0, at), bytes.subarray(at + rng.int(1, 8)));
        break;
      case 3:
        bytes = joined(
          bytes.subarray(0, at),
          Uint8Array.of(rng.pick(TELLING), rng.int(0, 255)),
          bytes.subarray(at),
        );
        break;
      case 4:
        bytes = joined(bytes.subarray(0, at), other.subarray(rng.int(0, other.length)));
        break;
      case 5:
        bytes = joined(bytes.subarray(0, at), bytes.subarray(rng.int(0, at), at), bytes.subarray(at));
        break;
      default:
        bytes = bytes.subarray(0, at);
    }
  }
  return bytes;
}

function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.concat(parts));
}
