const PREFIXES = 2 ** 24;

/** Hashes of six bytes, found again anywhere in bytes: a table of their first three bytes tells apart what needs no second look. */
export class HashFilter<T> {
  readonly #prefixes = new Uint8Array(PREFIXES / 8);
  readonly #byHash = new Map<number, T[]>();

  add(hash: number, what: T): void {
    const prefix = Math.floor(hash / PREFIXES);
    this.#prefixes[prefix >> 3] = (this.#prefixes[prefix >> 3] as number) | (1 << (prefix & 7));
    const known = this.#byHash.get(hash);
    if (known === undefined) this.#byHash.set(hash, [what]);
    else known.push(what);
  }

  of(hash: number): readonly T[] {
    return this.#byHash.get(hash) ?? [];
  }

  /** What has a hash that stands somewhere in the bytes, most significant byte first. */
  *in(bytes: Uint8Array): IterableIterator<readonly T[]> {
    let prefix = 0;
    for (let at = 2; at < bytes.length - 3; at++) {
      prefix = ((bytes[at - 2] as number) << 16) | ((bytes[at - 1] as number) << 8) | (bytes[at] as number);
      if (((this.#prefixes[prefix >> 3] as number) & (1 << (prefix & 7))) === 0) continue;
      const rest =
        ((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
      const found = this.#byHash.get(prefix * PREFIXES + rest);
      if (found !== undefined) yield found;
    }
  }
}
