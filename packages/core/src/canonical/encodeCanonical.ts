import { assertAdmitted } from '../value/assertAdmitted.js';
import { utf8Length } from '../value/text.js';
import { writeUtf8 } from './utf8.js';

/** The first byte of each encoded value. */
export const CANONICAL_TAGS = {
  null: 0,
  false: 1,
  true: 2,
  number: 3,
  bigint: 4,
  string: 5,
  date: 6,
  bytes: 7,
  array: 8,
  object: 9,
} as const;

/**
 * The one encoding of a value that is the same wherever and however it was made: fields sorted by code unit, no choice
 * left. Two values are the same iff their encodings are; `hashValue` follows it.
 *
 * Layout, after one byte of type: number and date a big-endian float64; bigint its decimal text and string its UTF-8,
 * each with a length before it; bytes a length and the bytes; array a count and the values; object a count and pairs of
 * name (as a string without type) and value. Lengths and counts are big-endian uint32.
 *
 * Throws `VALUE_NOT_ADMITTED` for what does not round-trip. Null is encoded at the top too.
 */
export function encodeCanonical(value: unknown): Uint8Array {
  if (value !== null) assertAdmitted(value);
  const writer = new Writer();
  writer.value(value);
  return writer.done();
}

class Writer {
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;

  done(): Uint8Array {
    return this.#bytes.slice(0, this.#at);
  }

  value(value: unknown): void {
    if (typeof value === 'boolean') this.#tag(value ? CANONICAL_TAGS.true : CANONICAL_TAGS.false);
    else if (typeof value === 'number') this.#number(CANONICAL_TAGS.number, value);
    else if (typeof value === 'bigint') this.#taggedText(CANONICAL_TAGS.bigint, value.toString());
    else if (typeof value === 'string') this.#taggedText(CANONICAL_TAGS.string, value);
    else if (value === null) this.#tag(CANONICAL_TAGS.null);
    else if (value instanceof Date) this.#number(CANONICAL_TAGS.date, value.getTime());
    else if (value instanceof Uint8Array) this.#binary(value);
    else if (Array.isArray(value)) this.#array(value);
    else this.#object(value as Record<string, unknown>);
  }

  #array(items: readonly unknown[]): void {
    this.#tag(CANONICAL_TAGS.array);
    this.#uint32(items.length);
    for (const item of items) this.value(item);
  }

  #object(object: Record<string, unknown>): void {
    const names = Object.keys(object).sort();
    this.#tag(CANONICAL_TAGS.object);
    this.#uint32(names.length);
    for (const name of names) {
      this.#text(name);
      this.value(object[name]);
    }
  }

  #binary(bytes: Uint8Array): void {
    this.#tag(CANONICAL_TAGS.bytes);
    this.#uint32(bytes.length);
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  #taggedText(tag: number, text: string): void {
    this.#tag(tag);
    this.#text(text);
  }

  #text(text: string): void {
    const length = utf8Length(text);
    this.#uint32(length);
    this.#reserve(length);
    this.#at = writeUtf8(this.#bytes, this.#at, text);
  }

  #number(tag: number, value: number): void {
    this.#tag(tag);
    this.#reserve(8);
    this.#view.setFloat64(this.#at, value);
    this.#at += 8;
  }

  #uint32(value: number): void {
    this.#reserve(4);
    this.#view.setUint32(this.#at, value);
    this.#at += 4;
  }

  #tag(tag: number): void {
    this.#reserve(1);
    this.#bytes[this.#at++] = tag;
  }

  #reserve(length: number): void {
    if (this.#at + length <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#at + length));
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}
