/** A uint takes at most eight bytes, and so does a float. */
const NUMBER_BYTES = 8;
/** Shorter texts are copied unit by unit, which is faster than the call into the encoder of Node. */
const SHORT_TEXT = 64;

/** Writes numbers, texts and blobs one after the other; `ByteReader` reads them in the same order. */
export class ByteWriter {
  #bytes: Buffer;
  #at: number;

  /** `headerBytes` are left free at the start, for the caller to fill; `bytes` is a guess of all that will be written. */
  constructor(headerBytes: number, bytes: number) {
    this.#bytes = Buffer.allocUnsafe(headerBytes + bytes);
    this.#at = headerBytes;
  }

  /** Where the next byte goes. */
  get at(): number {
    return this.#at;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#at++] = value;
  }

  /** A whole number from 0 to 2^53 - 1 in groups of seven bits, lowest first. */
  uint(value: number): void {
    this.#reserve(NUMBER_BYTES);
    let rest = value;
    // Beyond 31 bits shifting would cut.
    for (; rest > 0x7fffffff; rest = Math.floor(rest / 128)) this.#bytes[this.#at++] = (rest % 128) | 0x80;
    for (; rest > 0x7f; rest >>>= 7) this.#bytes[this.#at++] = (rest & 0x7f) | 0x80;
    this.#bytes[this.#at++] = rest;
  }

  /** Any number, in eight bytes: shorter for times and hashes than groups of seven bits. */
  float(value: number): void {
    this.#reserve(NUMBER_BYTES);
    this.#at = this.#bytes.writeDoubleLE(value, this.#at);
  }

  /** A well-formed string. */
  text(text: string): void {
    if (text.length >= SHORT_TEXT || !this.#ascii(text)) {
      const length = Buffer.byteLength(text);
      this.uint(length);
      this.#reserve(length);
      this.#at += this.#bytes.write(text, this.#at);
    }
  }

  blob(bytes: Uint8Array): void {
    this.uint(bytes.length);
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** Leaves four bytes free for `patch`; returns their place. */
  gap(): number {
    this.#reserve(4);
    this.#at += 4;
    return this.#at - 4;
  }

  /** Fills a gap. */
  patch(at: number, value: number): void {
    this.#bytes.writeUInt32LE(value, at);
  }

  /** Everything written. The writer is not to be used any more. */
  end(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }

  /** Writes a short text if it is ASCII; otherwise leaves no trace. */
  #ascii(text: string): boolean {
    this.#reserve(SHORT_TEXT);
    const bytes = this.#bytes;
    let at = this.#at;
    bytes[at++] = text.length;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit > 0x7f) return false;
      bytes[at++] = unit;
    }
    this.#at = at;
    return true;
  }

  #reserve(count: number): void {
    if (this.#at + count <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + count));
    larger.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = larger;
  }
}
