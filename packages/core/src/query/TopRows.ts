/** Below this nothing is gained by cutting early. */
const BUFFER_MIN = 64;

/**
 * The first rows of an order, up to a limit, out of any number of them.
 *
 * Rows gather in a buffer of twice the limit. When it is full it is sorted and cut, and from then on what does not come
 * before the last row kept is turned away by one comparison: O(n log limit) at worst, near n comparisons for rows in no
 * particular order.
 */
export class TopRows<R> {
  readonly #compare: (a: R, b: R) => number;
  readonly #limit: number;
  readonly #buffer: number;
  #rows: R[] = [];
  #last: R | undefined;

  constructor(compare: (a: R, b: R) => number, limit: number) {
    this.#compare = compare;
    this.#limit = limit;
    this.#buffer = Math.max(BUFFER_MIN, 2 * limit);
  }

  add(row: R): void {
    if (this.#last !== undefined && this.#compare(row, this.#last) > 0) return;
    this.#rows.push(row);
    if (this.#rows.length >= this.#buffer) this.#cut();
  }

  /** The rows in order; nothing may be added afterwards. */
  sorted(): R[] {
    return this.#rows.sort(this.#compare).slice(0, this.#limit);
  }

  #cut(): void {
    this.#rows.sort(this.#compare).length = this.#limit;
    this.#last = this.#rows[this.#limit - 1];
  }
}
