/**
 * The exact sum of finite numbers and bigints that come and go.
 *
 * Adding up in floating point rounds at each step, so the result hangs on the order, and what was taken out again leaves a
 * trace: (0.1 + 0.2) − 0.2 is not 0.1. Here nothing is rounded until the sum is read, so that a sum that was kept up to
 * date is bit for bit the sum added up anew. Every double is a whole multiple of a power of two, so a bigint in units of
 * 2^−scale holds the sum exactly; the scale grows when a finer number comes. Whole numbers, which are nearly all there is,
 * are added as numbers as long as that is exact.
 *
 * Cost: a few ns for whole numbers, some 200 ns for fractions. Discarded: compensated sums (Kahan, Neumaier), whose error is small
 * but not zero and hangs on the order; adding up anew at each read, which costs what the group holds.
 */
export class ExactSum {
  /** The part of whole numbers that is still a safe integer. */
  #small = 0;
  /** All the rest, in units of 2^−scale. */
  #big = 0n;
  #scale = 0;

  add(value: number | bigint): void {
    this.#take(value, 1);
  }

  subtract(value: number | bigint): void {
    this.#take(value, -1);
  }

  /** The number nearest to the sum, of two as near the even one; infinite beyond the largest number. */
  toNumber(): number {
    return this.#big === 0n ? this.#small : nearestNumber(this.#units(), 1n << BigInt(this.#scale));
  }

  /** The number nearest to the sum divided by a count. */
  toAverage(count: number): number {
    if (this.#big === 0n) return this.#small / count;
    return nearestNumber(this.#units(), BigInt(count) << BigInt(this.#scale));
  }

  /** The sum where only whole numbers were added. */
  toBigInt(): bigint {
    return this.#units() >> BigInt(this.#scale);
  }

  #units(): bigint {
    return this.#big + (BigInt(this.#small) << BigInt(this.#scale));
  }

  #take(value: number | bigint, sign: 1 | -1): void {
    if (Number.isSafeInteger(value)) this.#addSmall((value as number) * sign);
    else if (typeof value === 'bigint') this.#addBig(value * BigInt(sign), 0);
    else {
      // Scaling by a power of two is exact: a number with a fraction is below 2^52.
      let whole = value * sign;
      let scale = 0;
      for (; !Number.isInteger(whole); scale += SCALE_STEP) whole *= 2 ** SCALE_STEP;
      this.#addBig(BigInt(whole), scale);
    }
  }

  #addSmall(value: number): void {
    const sum = this.#small + value;
    if (Number.isSafeInteger(sum)) {
      this.#small = sum;
      return;
    }
    this.#addBig(BigInt(this.#small), 0);
    this.#small = value;
  }

  #addBig(units: bigint, scale: number): void {
    if (scale > this.#scale) {
      this.#big <<= BigInt(scale - this.#scale);
      this.#scale = scale;
    }
    this.#big += units << BigInt(this.#scale - scale);
  }
}

const SCALE_STEP = 32;

/** Bits of a double's whole part when it is written as whole part × 2^exponent. */
const MANTISSA_BITS = 53;
/** The exponent of the smallest double there is. */
const EXPONENT_MIN = -1074;

/** The double nearest to a quotient of bigints, of two as near the even one. The divisor is positive. */
function nearestNumber(dividend: bigint, divisor: bigint): number {
  const size = dividend < 0n ? -dividend : dividend;
  // The quotient lies between 2^(bits − 1) and 2^(bits + 1), so one of two exponents leaves 53 bits.
  const bits = bitLength(size) - bitLength(divisor);
  let exponent = Math.max(bits - MANTISSA_BITS, EXPONENT_MIN);
  let mantissa = roundedQuotient(size, divisor, exponent);
  if (mantissa > BigInt(Number.MAX_SAFE_INTEGER) + 1n) mantissa = roundedQuotient(size, divisor, ++exponent);
  const nearest = Number(mantissa) * 2 ** exponent;
  return dividend < 0n ? -nearest : nearest;
}

/** size ÷ (divisor × 2^exponent), rounded to the nearest whole number, of two as near the even one. */
function roundedQuotient(size: bigint, divisor: bigint, exponent: number): bigint {
  const over = exponent < 0 ? size << BigInt(-exponent) : size;
  const under = exponent < 0 ? divisor : divisor << BigInt(exponent);
  const whole = over / under;
  const twiceRest = (over % under) * 2n;
  return twiceRest > under || (twiceRest === under && whole % 2n === 1n) ? whole + 1n : whole;
}

function bitLength(size: bigint): number {
  const hex = size.toString(16);
  return (hex.length - 1) * 4 + (32 - Math.clz32(Number.parseInt(hex[0] as string, 16)));
}
