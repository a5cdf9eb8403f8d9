/** A seeded source of chance (mulberry32): one number repeats a script, on every store and every machine. */
export class Draws {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A uniform integer in [min, max], both included. */
  int(min: number, max: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let z = this.#state;
    z = Math.imul(z ^ (z >>> 15), z | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return min + (((z ^ (z >>> 14)) >>> 0) % (max - min + 1));
  }

  /** True so many times of a hundred. */
  percent(share: number): boolean {
    return this.int(1, 100) <= share;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.int(0, list.length - 1)] as T;
  }
}
