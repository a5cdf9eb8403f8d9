import { queryError } from '../query/queryErrors.js';
import { faultOf } from '../value/faultOf.js';
import { VALUE_LIMITS } from '../value/limits.js';
import { CANONICAL_TAGS } from './encodeCanonical.js';
import { readUtf8 } from './utf8.js';

/**
 * The value of a canonical encoding, with its exact types.
 *
 * Strict: throws `CANONICAL_FORMAT` for everything that `encodeCanonical` cannot have written, such as cut or trailing
 * bytes, unsorted fields, or a value that is not admitted.
 */
export function decodeCanonical(bytes: Uint8Array): unknown {
  const reader = new Reader(bytes);
  const value = reader.value(VALUE_LIMITS.depth);
  if (!reader.atEnd || faultOf(value) !== undefined)
    throw reader.error('trailing bytes or a value not admitted');
  return value;
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  error(what: string): Error {
    return queryError('CANONICAL_FORMAT', `Invalid canonical encoding at byte ${this.#at}: ${what}.`);
  }

  value(depthLeft: number): unknown {
    const tag = this.#bytes[this.#take(1)];
    switch (tag) {
      case CANONICAL_TAGS.null:
        return null;
      case CANONICAL_TAGS.false:
        return false;
      case CANONICAL_TAGS.true:
        return true;
      case CANONICAL_TAGS.number:
        return this.#number();
      case CANONICAL_TAGS.bigint:
        return this.#bigint();
      case CANONICAL_TAGS.string:
        return this.#text();
      case CANONICAL_TAGS.date:
        return this.#date();
      case CANONICAL_TAGS.bytes:
        return this.#binary().slice();
      default:
    }
    if (depthLeft === 0) throw this.error('nested too deeply');
    if (tag === CANONICAL_TAGS.array) return this.#array(depthLeft - 1);
    if (tag === CANONICAL_TAGS.object) return this.#object(depthLeft - 1);
    throw this.error('an unknown type');
  }

  #array(depthLeft: number): unknown[] {
    const items: unknown[] = [];
    for (let left = this.#count(); left > 0; left--) items.push(this.value(depthLeft));
    return items;
  }

  #object(depthLeft: number): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    let last: string | undefined;
    for (let left = this.#count(); left > 0; left--) {
      const name = this.#text();
      if (name === '__proto__' || (last !== undefined && name <= last))
        throw this.error('a field out of order');
      object[name] = this.value(depthLeft);
      last = name;
    }
    return object;
  }

  #date(): Date {
    const millis = this.#number();
    // Date would round these, and they would encode to other bytes.
    if (!Number.isInteger(millis) || Object.is(millis, -0)) throw this.error('a malformed date');
    return new Date(millis);
  }

  #bigint(): bigint {
    const text = this.#text();
    if (!/^(0|-?[1-9]\d{0,19})$/.test(text)) throw this.error('a malformed bigint');
    return BigInt(text);
  }

  #text(): string {
    const text = readUtf8(this.#binary());
    if (text === undefined) throw this.error('malformed UTF-8');
    return text;
  }

  #binary(): Uint8Array {
    const length = this.#uint32();
    const start = this.#take(length);
    return this.#bytes.subarray(start, start + length);
  }

  #number(): number {
    return this.#view.getFloat64(this.#take(8));
  }

  // Every value takes at least a byte, so a count beyond what is left is a lie; it is refused before anything is made.
  #count(): number {
    const count = this.#uint32();
    if (count > this.#bytes.length - this.#at) throw this.error('a count beyond the end');
    return count;
  }

  #uint32(): number {
    return this.#view.getUint32(this.#take(4));
  }

  #take(length: number): number {
    const start = this.#at;
    if (length > this.#bytes.length - start) throw this.error('it is cut short');
    this.#at += length;
    return start;
  }
}
