/**
 * One non-cryptographic hash for keys, values and digests, the same on every runtime.
 *
 * Two lanes of 32 bits take in two code units at a time by xor, multiply, rotate; the rotation carries high bits down,
 * which a bare multiplication never does. A closing avalanche crosses the lanes. 53 of the 64 bits become a JS number: 26 of the
 * first lane, 27 of the second, so that each part fits the small integers of every engine.
 *
 * Lanes are returned in a shared scratch array because a pair per call would cost more than the hash. Whoever calls
 * reads `lanes` before the next call of anything that hashes.
 */
export const lanes = new Int32Array(2);

/** Bits in the low part of a 53-bit hash. */
const LO_SIZE = 2 ** 27;

const SEED_A = 0x2f0b4c47;
const SEED_B = 0x5bd1e995;

/** Hashes the code units of a string into `lanes`. Different seeds give unrelated hashes. */
export function hashLanes(text: string, seed = 0): void {
  textLanes(text, SEED_A ^ seed, SEED_B + seed);
}

/** Hashes the code units of a string into `lanes`, from a state that other things were hashed into. */
export function textLanes(text: string, stateA: number, stateB: number): void {
  let a = stateA;
  let b = stateB;
  for (let i = 0; i < text.length; i += 2) {
    // Reading past the end would be slow. A missing unit and a unit of zero are told apart by the length below.
    const second = i + 1 < text.length ? text.charCodeAt(i + 1) : 0;
    const units = text.charCodeAt(i) | (second << 16);
    a = Math.imul(a ^ units, 0x9e3779b1);
    a = (a << 13) | (a >>> 19);
    b = Math.imul(b ^ units, 0x85ebca6b);
    b = (b << 15) | (b >>> 17);
  }
  finishLanes(a ^ text.length, b);
}

/** Sets the lanes to a state to go on from. */
export function setLanes(a: number, b: number): void {
  lanes[0] = a;
  lanes[1] = b;
}

/** Takes a word into each lane, cheaply; `finishLanes` or `mixLanes` must follow before the lanes are used. */
export function absorbLanes(first: number, second: number): void {
  const a = (lanes[0] as number) ^ Math.imul(first, 0xcc9e2d51);
  const b = (lanes[1] as number) ^ Math.imul(second, 0x1b873593);
  lanes[0] = Math.imul((a << 13) | (a >>> 19), 0x9e3779b1);
  lanes[1] = Math.imul((b << 15) | (b >>> 17), 0x85ebca6b);
}

/** Takes a word into each lane and mixes well. */
export function mixLanes(first: number, second: number): void {
  absorbLanes(first, second);
  finishLanes(lanes[0] as number, lanes[1] as number);
}

/** Avalanche: each step is invertible, so distinct lane pairs stay distinct. */
export function finishLanes(first: number, second: number): void {
  let a = first;
  let b = second;
  a = Math.imul(a ^ (a >>> 16) ^ b, 0x21f0aaad);
  b = Math.imul(b ^ (b >>> 15) ^ a, 0x735a2d97);
  a = Math.imul(a ^ (a >>> 15) ^ ((b << 9) | (b >>> 23)), 0x846ca68b);
  lanes[0] = a ^ (a >>> 16);
  lanes[1] = b ^ (b >>> 15) ^ a;
}

/** The 53-bit number of the running lanes. */
export function lanesToHash(): number {
  return joinHash((lanes[0] as number) >>> 6, (lanes[1] as number) >>> 5);
}

/** The high 26 bits of a 53-bit hash. */
export function hashHi(hash: number): number {
  // The coercion keeps engines from storing it as a boxed float.
  return Math.floor(hash / LO_SIZE) | 0;
}

/** The low 27 bits of a 53-bit hash. */
export function hashLo(hash: number): number {
  return hash & (LO_SIZE - 1);
}

/** A 53-bit hash of its high 26 and low 27 bits. */
export function joinHash(hi: number, lo: number): number {
  return hi * LO_SIZE + lo;
}

/** The xor of two 53-bit hashes. */
export function xorHash(a: number, b: number): number {
  return joinHash(hashHi(a) ^ hashHi(b), hashLo(a) ^ hashLo(b));
}

/** The 53-bit hash of a string's code units. */
export function hashString(text: string): number {
  hashLanes(text);
  return lanesToHash();
}
