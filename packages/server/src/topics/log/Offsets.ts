/** Places of one millisecond. More of them are taken from the next. */
const OFFSETS_PER_MS = 2048;

/**
 * Gives out the places of messages: 42 bits of time and 11 of a counter, exact as a JavaScript number until the year 2109. They rise
 * whatever the clock does, because the last one given out is the least that the next one exceeds.
 *
 * Multiplied and not shifted: shifting would cut to 32 bits.
 */
export class Offsets {
  readonly #wallMs: () => number;
  #last = 0;

  constructor(wallMs: () => number) {
    this.#wallMs = wallMs;
  }

  next(): number {
    this.#last = Math.max(this.#last + 1, Math.floor(this.#wallMs()) * OFFSETS_PER_MS);
    return this.#last;
  }

  /** From now on all are greater than this one. */
  raise(offset: number): void {
    this.#last = Math.max(this.#last, offset);
  }
}

/** When the message of a place was accepted, ms since the epoch of Unix; later where its millisecond was full, or the clock stood still. */
export const msOfOffset = (offset: number): number => Math.floor(offset / OFFSETS_PER_MS);
