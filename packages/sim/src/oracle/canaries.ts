/**
 * Values that occur nowhere but in the record they were put into, and that are found again in any bytes: as text, as the eight bytes of
 * a number, as its digits. What carries one says where it came from, whatever the message around it looks like.
 *
 * A text canary has the form of a session id, so that one can stand for whoever wrote a record. A number canary leaves room for what is
 * counted on top of it: 4,095 more are the same canary.
 */
const NUMBER_BASE = 2 ** 52 + 0xa5aa5 * 2 ** 32;
const NUMBER_STEP = 4096;
const NUMBERS = 2 ** 20;

/** Eleven characters. */
export const textCanary = (n: number): string => `zq${n.toString(36).padStart(7, '0')}qz`;

/** A safe integer; `n` below 2 ** 20. */
export const numberCanary = (n: number): number => NUMBER_BASE + (n % NUMBERS) * NUMBER_STEP;

/** The canary of a number, if it is one. */
export function canaryOfNumber(value: number): string | undefined {
  const n = Math.floor((value - NUMBER_BASE) / NUMBER_STEP);
  return n >= 0 && n < NUMBERS ? `#${n}` : undefined;
}

// The upper half of a number canary as msgpack writes it is C:Z¥, and their digits begin with 741.
const CANARY = /zq[0-9a-z]{7}qz|C:Z\u00a5([\s\S]{4})|(?<![0-9])741[0-9]{13}(?![0-9])/g;

/** The canaries in bytes, wherever they stand. */
export function canariesIn(bytes: Uint8Array): ReadonlySet<string> {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  const found = new Set<string>();
  for (const match of text.matchAll(CANARY)) {
    const [canary, low] = match;
    const named =
      low !== undefined
        ? canaryOfNumber(NUMBER_BASE + lowHalf(low))
        : canary.startsWith('zq')
          ? canary
          : canaryOfNumber(Number(canary));
    if (named !== undefined) found.add(named);
  }
  return found;
}

/** The canaries in a value, with the names of its fields. */
export function canariesOf(value: unknown, note: (canary: string) => void): void {
  if (typeof value === 'string') for (const [canary] of value.matchAll(/zq[0-9a-z]{7}qz/g)) note(canary);
  if (typeof value === 'number') {
    const canary = canaryOfNumber(value);
    if (canary !== undefined) note(canary);
  }
  if (Array.isArray(value)) for (const item of value) canariesOf(item, note);
  else if (
    typeof value === 'object' &&
    value !== null &&
    !(value instanceof Date) &&
    !(value instanceof Uint8Array)
  )
    for (const [name, field] of Object.entries(value)) {
      canariesOf(name, note);
      canariesOf(field, note);
    }
}

const lowHalf = (bytes: string): number => Buffer.from(bytes, 'latin1').readUInt32BE(0);
