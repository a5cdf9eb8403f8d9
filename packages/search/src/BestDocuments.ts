/** A document by its number, with its score in whole parts. */
export interface Scored {
  readonly document: number;
  readonly key: string;
  readonly parts: number;
}

/** The best so many of all that are offered: the greatest score first, level ones by key. */
export class BestDocuments {
  readonly #limit: number;
  readonly #accepts: (key: string) => boolean;
  readonly #best: Scored[] = [];

  constructor(limit: number, accepts: (key: string) => boolean) {
    this.#limit = limit;
    this.#accepts = accepts;
  }

  /** Whether one with this score has no chance any more: most documents end here, without their key being looked up. */
  isTooLow(parts: number): boolean {
    return this.#best.length === this.#limit && parts < (this.#best.at(-1) as Scored).parts;
  }

  offer(scored: Scored): void {
    const place = this.#placeOf(scored);
    if (place === this.#limit || !this.#accepts(scored.key)) return;
    this.#best.splice(place, 0, scored);
    if (this.#best.length > this.#limit) this.#best.pop();
  }

  all(): readonly Scored[] {
    return this.#best;
  }

  #placeOf(scored: Scored): number {
    let low = 0;
    let high = this.#best.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBetter(this.#best[middle] as Scored, scored)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const isBetter = (a: Scored, b: Scored): boolean =>
  a.parts > b.parts || (a.parts === b.parts && a.key < b.key);
