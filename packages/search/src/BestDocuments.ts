/** A document by its number, with its score in whole parts. */
export interface Scored {
  readonly document: number;
  readonly key: string;
  readonly parts: number;
}

/**
 * The best so many of all that are offered: the greatest score first, level ones by key. A heap with the worst of them on top, so that an
 * offer costs a comparison where it is no better, and the logarithm of the limit where it is.
 */
export class BestDocuments {
  readonly #limit: number;
  readonly #keyOf: (document: number) => string;
  readonly #accepts: ((key: string) => boolean) | undefined;
  readonly #heap: Scored[] = [];
  /** Score of the worst, once there are enough: most documents end here, without their key being looked up. */
  #least = -1;

  constructor(limit: number, keyOf: (document: number) => string, accepts?: (key: string) => boolean) {
    this.#limit = limit;
    this.#keyOf = keyOf;
    this.#accepts = accepts;
  }

  offer(document: number, parts: number): void {
    if (parts < this.#least) return;
    const key = this.#keyOf(document);
    // Short texts often score alike, so this is as common as being better.
    if (parts === this.#least && key > (this.#heap[0] as Scored).key) return;
    if (this.#accepts?.(key) === false) return;
    const offered = { document, key, parts };
    if (this.#heap.length < this.#limit) this.#rise(this.#heap.length, offered);
    else this.#sink(offered);
    if (this.#heap.length === this.#limit) this.#least = (this.#heap[0] as Scored).parts;
  }

  /** All of them, the best first. */
  all(): readonly Scored[] {
    return [...this.#heap].sort((a, b) => (isWorse(a, b) ? 1 : -1));
  }

  /** Puts one in that was not there, from the end upwards. */
  #rise(from: number, scored: Scored): void {
    const heap = this.#heap;
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (!isWorse(scored, heap[parent] as Scored)) break;
      heap[at] = heap[parent] as Scored;
      at = parent;
    }
    heap[at] = scored;
  }

  /** Puts one in the place of the worst, from the top downwards. */
  #sink(scored: Scored): void {
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      const other = heap[child + 1];
      if (other && isWorse(other, heap[child] as Scored)) child++;
      const below = heap[child];
      if (!below || !isWorse(below, scored)) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = scored;
  }
}

const isWorse = (a: Scored, b: Scored): boolean =>
  a.parts < b.parts || (a.parts === b.parts && a.key > b.key);
