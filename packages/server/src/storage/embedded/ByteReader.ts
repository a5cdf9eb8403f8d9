/** Reads what `ByteWriter` wrote, in the same order. The bytes are trusted: a checksum has been verified before. */
export class ByteReader {
  readonly bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at: number) {
    this.bytes = bytes;
    this.#at = at;
  }

  /** Where the next byte is read. */
  get at(): number {
    return this.#at;
  }

  byte(): number {
    return this.bytes[this.#at++] as number;
  }

  uint(): number {
    let byte = this.byte();
    let value = byte & 0x7f;
    // Not shifted: a group may stand beyond 31 bits.
    for (let scale = 128; byte > 0x7f; scale *= 128) {
      byte = this.byte();
      value += (byte & 0x7f) * scale;
    }
    return value;
  }

  float(): number {
    const value = this.bytes.readDoubleLE(this.#at);
    this.#at += 8;
    return value;
  }

  text(): string {
    const length = this.uint();
    return this.bytes.toString('utf8', this.#at, this.skip(length));
  }

  /** A number that filled a gap. */
  gap(): number {
    const value = this.bytes.readUInt32LE(this.#at);
    this.#at += 4;
    return value;
  }

  /** Passes over some bytes; returns where it stands then. */
  skip(count: number): number {
    this.#at += count;
    return this.#at;
  }
}
