const MULTIPLIER = 2_862_933_555_777_941_757n;
const WORD = (1n << 64n) - 1n;
const TOP = 2 ** 31;

/**
 * Which of so many buckets a key belongs to, so that with one bucket more only the keys that move to it move at all.
 *
 * Source: Lamping and Veach 2014, "A Fast, Minimal Memory, Consistent Hash Algorithm". It needs no ring and no memory, and spreads evenly; its
 * buckets are numbers without gaps, which is why nodes have slots.
 */
export function jumpHash(key: number, buckets: number): number {
  let state = BigInt(key);
  let bucket = 0;
  for (let next = 0; next < buckets; ) {
    bucket = next;
    state = (state * MULTIPLIER + 1n) & WORD;
    next = Math.floor((bucket + 1) * (TOP / (Number(state >> 33n) + 1)));
  }
  return bucket;
}
