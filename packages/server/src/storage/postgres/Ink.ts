import { crc32 } from 'node:zlib';

/** Texts up to here are written faster by hand than by a call out of JavaScript. */
const SHORT = 48;
/** Digits are made in two halves, which are small numbers. */
const LOW_DIGITS = 8;
const LOW = 10 ** LOW_DIGITS;
const ZERO = 48;
const FIRST_BYTES = 4_096;

/** Writes a text as UTF-8; returns where it ends. There must be room for three bytes a letter. */
export function writeText(buffer: Buffer, text: string, from: number): number {
  if (text.length > SHORT) return from + buffer.write(text, from, 'utf8');
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x80) return from + buffer.write(text, from, 'utf8');
    buffer[from + i] = unit;
  }
  return from + text.length;
}

/** What a checksum is taken of, written into one piece of memory that is used again and again: a commit has thousands of them. */
export class Ink {
  #bytes = Buffer.allocUnsafe(FIRST_BYTES);
  #at = 0;

  /** The CRC-32 of all that was written since the last one. */
  crc(): number {
    const sum = crc32(this.#bytes.subarray(0, this.#at));
    this.#at = 0;
    return sum;
  }

  text(text: string): this {
    this.#reserve(3 * text.length);
    this.#at = writeText(this.#bytes, text, this.#at);
    return this;
  }

  /** Nothing is written of null. */
  cell(cell: Uint8Array | string | null): this {
    if (cell === null) return this;
    if (typeof cell === 'string') return this.text(cell);
    this.#reserve(cell.length);
    this.#bytes.set(cell, this.#at);
    this.#at += cell.length;
    return this;
  }

  /** As `String` writes it. */
  number(value: number): this {
    if (!Number.isSafeInteger(value) || value < 0) return this.text(String(value));
    const high = Math.floor(value / LOW);
    this.#reserve(2 * LOW_DIGITS);
    let count = 0;
    if (high > 0) {
      for (let bound = 1; high >= bound; bound *= 10) count++;
      this.#digits(high, count);
      count = LOW_DIGITS;
    } else for (let bound = 1; count === 0 || value >= bound; bound *= 10) count++;
    this.#digits(value - high * LOW, count);
    return this;
  }

  #digits(value: number, count: number): void {
    let rest = value | 0;
    for (let at = this.#at + count - 1; at >= this.#at; at--) {
      const tens = (rest / 10) | 0;
      this.#bytes[at] = ZERO + rest - 10 * tens;
      rest = tens;
    }
    this.#at += count;
  }

  #reserve(count: number): void {
    if (this.#at + count <= this.#bytes.length) return;
    const more = Buffer.allocUnsafe(2 * (this.#at + count));
    this.#bytes.copy(more, 0, 0, this.#at);
    this.#bytes = more;
  }
}
