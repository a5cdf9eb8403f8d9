const HALVES = /[\ud800-\udfff]/;

/** What `toUnitBytes` makes, or the text itself where that is its UTF-8. */
export const unitCell = (text: string): Uint8Array | string => (HALVES.test(text) ? toUnitBytes(text) : text);

/**
 * Bytes of a text whose order is that of its UTF-16 code units, in which node ids are compared (CLK-1): each unit as UTF-8 would
 * write it, the halves of a pair one by one (CESU-8, Unicode Technical Report 26). Of texts without pairs they are their UTF-8.
 */
export function toUnitBytes(text: string): Buffer {
  if (!HALVES.test(text)) return Buffer.from(text, 'utf8');
  const bytes: number[] = [];
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) bytes.push(unit);
    else if (unit < 0x800) bytes.push(0xc0 | (unit >> 6), 0x80 | (unit & 63));
    else bytes.push(0xe0 | (unit >> 12), 0x80 | ((unit >> 6) & 63), 0x80 | (unit & 63));
  }
  return Buffer.from(bytes);
}

/** The text that `toUnitBytes` was given. */
export function fromUnitBytes(bytes: Buffer): string {
  // Only halves of pairs, and the last letters before them, begin with this byte.
  if (!bytes.includes(0xed)) return bytes.toString('utf8');
  const at = (i: number): number => bytes[i] ?? 0;
  let text = '';
  for (let i = 0; i < bytes.length; ) {
    const first = at(i);
    if (first < 0x80) {
      text += String.fromCharCode(first);
      i += 1;
    } else if (first < 0xe0) {
      text += String.fromCharCode(((first & 31) << 6) | (at(i + 1) & 63));
      i += 2;
    } else {
      text += String.fromCharCode(((first & 15) << 12) | ((at(i + 1) & 63) << 6) | (at(i + 2) & 63));
      i += 3;
    }
  }
  return text;
}
