import type { RandomUint32 } from './ports.js';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Random bits as base64url text: 64 bits make 11 characters, 128 make 22. */
export function randomId(random: RandomUint32, bits: number): string {
  let id = '';
  for (; bits > 0; bits -= 6) {
    // The last character carries the bits that are left, in its high places.
    const spare = Math.max(0, 6 - bits);
    id += ALPHABET[((random() >>> (26 + spare)) << spare) & 63];
  }
  return id;
}
