/**
 * What is added to a local clock to make it right, such that the sum never goes back while the local clock does not:
 * forward at once, back by letting time pass at half its speed until it is right.
 */
export class SteadyOffset {
  #from = 0;
  #to = 0;
  #sinceMs = 0;

  /** The offset at a local time, ms. */
  at(localMs: number): number {
    if (this.#to >= this.#from) return this.#to;
    return Math.max(this.#to, this.#from - Math.max(0, localMs - this.#sinceMs) / 2);
  }

  /** From now on the sum goes towards this offset. */
  aim(offsetMs: number, localMs: number): void {
    this.#from = this.at(localMs);
    this.#to = offsetMs;
    this.#sinceMs = localMs;
  }

  /** Takes this offset at once, in either direction: nobody has been told the time yet. */
  set(offsetMs: number): void {
    this.#from = offsetMs;
    this.#to = offsetMs;
  }
}
