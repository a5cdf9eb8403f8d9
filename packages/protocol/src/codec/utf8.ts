/**
 * Offset of the first byte in [start, end) that is not well-formed UTF-8, or -1. Surrogates, overlong forms and code
 * points above U+10FFFF are malformed (Unicode 15, table 3-7).
 */
export function scanUtf8(bytes: Uint8Array, start: number, end: number): number {
  let position = start;
  while (position < end) {
    const lead = bytes[position] as number;
    if (lead < 0x80) {
      position += 1;
      continue;
    }
    const length =
      lead >= 0xc2 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
    if (length === 0 || position + length > end) return position;
    const second = bytes[position + 1] as number;
    const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
    const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
    if (second < low || second > high) return position;
    for (let i = 2; i < length; i++) if (((bytes[position + i] as number) & 0xc0) !== 0x80) return position;
    position += length;
  }
  return -1;
}
