/** Writes a well-formed string as UTF-8 at `at`; returns where it ends. The target has room. */
export function writeUtf8(target: Uint8Array, at: number, text: string): number {
  let to = at;
  for (const char of text) {
    const point = char.codePointAt(0) as number;
    if (point < 0x80) {
      target[to++] = point;
    } else if (point < 0x800) {
      target[to++] = 0xc0 | (point >> 6);
      target[to++] = 0x80 | (point & 63);
    } else if (point < 0x10000) {
      target[to++] = 0xe0 | (point >> 12);
      target[to++] = 0x80 | ((point >> 6) & 63);
      target[to++] = 0x80 | (point & 63);
    } else {
      target[to++] = 0xf0 | (point >> 18);
      target[to++] = 0x80 | ((point >> 12) & 63);
      target[to++] = 0x80 | ((point >> 6) & 63);
      target[to++] = 0x80 | (point & 63);
    }
  }
  return to;
}

/** Reads UTF-8 strictly; undefined for overlong forms, surrogates, points past U+10FFFF and cut sequences. */
export function readUtf8(bytes: Uint8Array): string | undefined {
  const points: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const lead = bytes[at] as number;
    const length = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    let point = length === 1 ? lead : lead & (0x7f >> length);
    for (let i = 1; i < length; i++) {
      const next = bytes[at + i] ?? 0;
      if ((next & 0xc0) !== 0x80) return undefined;
      point = (point << 6) | (next & 63);
    }
    if (length > 1 && (lead < 0xc2 || lead > 0xf4 || point < (LEAST[length] as number))) return undefined;
    if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return undefined;
    points.push(String.fromCodePoint(point));
    at += length;
  }
  return points.join('');
}

// The least code point that needs so many bytes.
const LEAST = [0, 0, 0x80, 0x800, 0x10000];
