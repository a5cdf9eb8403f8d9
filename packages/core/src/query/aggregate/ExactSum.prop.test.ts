import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExactSum } from './ExactSum.js';

const bits = new DataView(new ArrayBuffer(8));

/** A number in units of 2^-1074, of which every double is a whole multiple: read from its bits. */
function unitsOf(value: number | bigint): bigint {
  if (typeof value === 'bigint') return value << 1074n;
  bits.setFloat64(0, value);
  const word = bits.getBigUint64(0);
  const exponent = Number((word >> 52n) & 0x7ffn);
  const fraction = word & 0xfffffffffffffn;
  const size = exponent === 0 ? fraction : (fraction | (1n << 52n)) << BigInt(exponent - 1);
  return word >> 63n === 1n ? -size : size;
}

function neighbour(value: number, step: 1n | -1n): number {
  bits.setFloat64(0, value);
  bits.setBigUint64(0, bits.getBigUint64(0) + step);
  return bits.getFloat64(0);
}

const size = (units: bigint): bigint => (units < 0n ? -units : units);

/** Whether no double is nearer to units ÷ count than this one. */
function isNearest(found: number, units: bigint, count: bigint): boolean {
  if (!Number.isFinite(found)) return size(units) >= (1n << 2098n) * count - (1n << 2044n) * count;
  const distance = (to: number): bigint => size(unitsOf(to) * count - units);
  // Below zero the bits of the number grow with its size, so both steps are neighbours on either side.
  const around = found === 0 ? [5e-324, -5e-324] : [neighbour(found, 1n), neighbour(found, -1n)];
  return around.every((other) => {
    if (!Number.isFinite(other)) return true;
    const [here, there] = [distance(found), distance(other)];
    bits.setFloat64(0, found);
    return here < there || (here === there && bits.getBigUint64(0) % 2n === 0n);
  });
}

const small = fc.integer({ min: -1000, max: 1000 });
const money = small.map((cents) => cents / 100 + 0);
const anyNumber = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
const tiny = fc.integer({ min: -20, max: 20 }).map((n) => n * 5e-324 + 0);
const whole = fc.maxSafeInteger();
const bigint = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n });
const value = fc.oneof(small, money, anyNumber, tiny, whole, bigint);
const values = fc.array(value, { maxLength: 30 });

describe('ExactSum', () => {
  it('[AGG-3] is the exact sum, rounded once, and so is the average', () => {
    fc.assert(
      fc.property(values, (list) => {
        const sum = new ExactSum();
        for (const item of list) sum.add(item);
        const units = list.reduce<bigint>((total, item) => total + unitsOf(item), 0n);
        expect(isNearest(sum.toNumber(), units, 1n)).toBe(true);
        if (list.length === 0) return;
        expect(isNearest(sum.toAverage(list.length), units, BigInt(list.length))).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it('[AGG-4] keeps no trace of what was taken out, in whatever order', () => {
    fc.assert(
      fc.property(values, values, fc.integer(), (kept, gone, seed) => {
        const all = [
          ...kept.map((item) => [item, true] as const),
          ...gone.map((item) => [item, false] as const),
        ];
        all.sort((a, b) => hash(String(a[0]), seed) - hash(String(b[0]), seed));
        const sum = new ExactSum();
        for (const [item] of all) sum.add(item);
        for (const item of gone) sum.subtract(item);
        const fresh = new ExactSum();
        for (const item of kept) fresh.add(item);
        expect(Object.is(sum.toNumber(), fresh.toNumber())).toBe(true);
        expect(Object.is(sum.toAverage(7), fresh.toAverage(7))).toBe(true);
      }),
    );
  });

  it('[AGG-3] adds bigints without loss', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(bigint, small.map(BigInt))), (list) => {
        const sum = new ExactSum();
        for (const item of list) sum.add(item);
        expect(sum.toBigInt()).toBe(list.reduce((total, item) => total + item, 0n));
      }),
    );
  });

  it('[AGG-3] where floating point drifts, it does not', () => {
    const sum = new ExactSum();
    for (let i = 0; i < 10; i++) sum.add(0.1);
    expect(sum.toNumber()).toBe(1);
    sum.add(1e300);
    sum.subtract(1e300);
    expect(sum.toNumber()).toBe(1);
    for (let i = 0; i < 3; i++) sum.add(Number.MAX_VALUE);
    expect(sum.toNumber()).toBe(Number.POSITIVE_INFINITY);
    for (let i = 0; i < 3; i++) sum.subtract(Number.MAX_VALUE);
    expect(sum.toNumber()).toBe(1);
  });
});

function hash(text: string, seed: number): number {
  let state = seed;
  for (const char of text) state = (Math.imul(state, 31) + (char.codePointAt(0) ?? 0)) | 0;
  return state;
}
