/** The bytes of one frame. The first thing taken always fits, for no row is larger than a frame. */
export class FrameBudget {
  isFresh = true;
  #left: number;

  constructor(bytes: number) {
    this.#left = bytes;
  }

  get left(): number {
    return this.#left;
  }

  take(bytes: number): boolean {
    if (bytes > this.#left && !this.isFresh) return false;
    this.isFresh = false;
    this.#left -= bytes;
    return true;
  }
}
