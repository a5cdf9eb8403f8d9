/**
 * Hashes of nodes and digests of items as they travel in a walk: the low 48 of 53 bits, six bytes each. They only say
 * where to look; what proves two replicas equal is the whole root (RES-5).
 */
export const HASH_BYTES = 6;
const WORD = 2 ** 32;

/** What of a hash travels. */
export const shortHash = (hash: number): number => hash % (WORD * 0x10000);

export function packHashes(hashes: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(hashes.length * HASH_BYTES);
  const view = new DataView(bytes.buffer);
  hashes.forEach((hash, i) => {
    view.setUint16(i * HASH_BYTES, shortHash(hash) / WORD);
    view.setUint32(i * HASH_BYTES + 2, hash % WORD);
  });
  return bytes;
}

/** The short hashes that `packHashes` wrote. */
export function unpackHashes(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const hashes: number[] = [];
  for (let at = 0; at + HASH_BYTES <= bytes.length; at += HASH_BYTES)
    hashes.push(view.getUint16(at) * WORD + view.getUint32(at + 2));
  return hashes;
}
