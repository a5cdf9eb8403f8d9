import type { StoreKey } from '@topgun/client';

/**
 * A store key as one string that sorts like the key and begins with the string of each of its prefixes.
 *
 * Each segment ends in two NUL characters and a NUL inside a segment becomes NUL U+0001. The terminator is smaller
 * than everything that may continue a segment, so a shorter segment, and a shorter key, sorts first.
 */
export function encodeStoreKey(key: StoreKey): string {
  let encoded = '';
  for (const segment of key) {
    encoded += `${segment.includes('\0') ? segment.replaceAll('\0', '\0\u0001') : segment}\0\0`;
  }
  return encoded;
}
