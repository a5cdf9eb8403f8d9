/**
 * How many fields there are of one value in the sense of `eq`, where 1 and 1n are the same. Which of the two it shows must not
 * hang on which came first: the number, if there is one, as in the order of values.
 */
export class EqualValues {
  readonly #value: unknown;
  #count = 0;
  #bigints = 0;

  constructor(value: unknown) {
    this.#value = value;
  }

  get count(): number {
    return this.#count;
  }

  add(value: unknown): void {
    this.#count++;
    if (typeof value === 'bigint') this.#bigints++;
  }

  remove(value: unknown): void {
    this.#count--;
    if (typeof value === 'bigint') this.#bigints--;
  }

  read(): unknown {
    const value = this.#value;
    if (typeof value === 'bigint') return this.#bigints < this.#count ? Number(value) : value;
    return typeof value === 'number' && this.#bigints === this.#count ? BigInt(value) : value;
  }
}
