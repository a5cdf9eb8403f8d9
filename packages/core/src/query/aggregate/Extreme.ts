import { compareValues } from '../../value/compareValues.js';

/**
 * The least, or greatest, of values that come and go.
 *
 * Two heaps: of what came and of what went. Whenever both have the same value on top, it is taken from both; so the top of
 * the first is always there. Coming costs O(log n), going O(log n) spread over all; when as many have gone as are left, the two are
 * settled against each other, so they never hold more than twice the values there are.
 */
export class Extreme {
  readonly #came: ValueHeap;
  readonly #went: ValueHeap;

  /** `1` for the least, `-1` for the greatest. */
  constructor(sign: 1 | -1) {
    this.#came = new ValueHeap(sign);
    this.#went = new ValueHeap(sign);
  }

  add(value: unknown): void {
    this.#came.push(value);
  }

  /** The value must be there. */
  remove(value: unknown): void {
    this.#went.push(value);
    if (this.#went.size * 2 > this.#came.size) this.#came.subtract(this.#went);
  }

  /** Undefined when there is none. */
  read(): unknown {
    while (this.#went.size > 0 && compareValues(this.#came.top(), this.#went.top()) === 0) {
      this.#came.pop();
      this.#went.pop();
    }
    return this.#came.top();
  }
}

/** A binary heap in an array: the parent of `i` is `(i − 1) / 2`, and comes first. */
class ValueHeap {
  readonly #sign: 1 | -1;
  #items: unknown[] = [];

  constructor(sign: 1 | -1) {
    this.#sign = sign;
  }

  get size(): number {
    return this.#items.length;
  }

  top(): unknown {
    return this.#items[0];
  }

  push(value: unknown): void {
    const items = this.#items;
    let at = items.length;
    items.push(value);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#compare(items[parent], value) <= 0) break;
      items[at] = items[parent];
      at = parent;
    }
    items[at] = value;
  }

  pop(): void {
    const items = this.#items;
    const last = items.pop();
    const size = items.length;
    if (size === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && this.#compare(items[child + 1], items[child]) < 0) child++;
      if (this.#compare(last, items[child]) <= 0) break;
      items[at] = items[child];
      at = child;
    }
    items[at] = last;
  }

  /** Takes each value of the other out of this one, and empties the other. A sorted array is a heap. */
  subtract(other: ValueHeap): void {
    const sorted = (heap: ValueHeap): unknown[] => heap.#items.sort((a, b) => this.#compare(a, b));
    const gone = sorted(other);
    let next = 0;
    this.#items = sorted(this).filter((value) => {
      const isGone = next < gone.length && this.#compare(value, gone[next]) === 0;
      if (isGone) next++;
      return !isGone;
    });
    other.#items = [];
  }

  #compare(a: unknown, b: unknown): number {
    return compareValues(a, b) * this.#sign;
  }
}
