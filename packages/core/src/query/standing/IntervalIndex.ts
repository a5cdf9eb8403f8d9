import { compareWithin, type Range } from './anchorsOf.js';

interface Interval<Q> {
  readonly from: unknown;
  readonly to: unknown;
  readonly owner: Q;
  isGone: boolean;
}

/** Fewer intervals than this are looked through one by one; a rebuild is due when more than this and an eighth of all are new or gone. */
const SLACK = 32;

/**
 * Intervals of one type, found by a value that lies in them: O(log n + found).
 *
 * An interval tree laid out in a sorted array: the middle of a stretch is its root, and knows the furthest end in the
 * stretch. Intervals that came or went since it was laid out are kept beside it, until they are worth laying it out anew,
 * so that a change costs O(log n) over time.
 */
export class IntervalIndex<Q> {
  readonly #rank: number;
  #sorted: Interval<Q>[] = [];
  /** of the stretch whose root is the interval at the same place: one whose end lies furthest */
  #furthest: Interval<Q>[] = [];
  #fresh: Interval<Q>[] = [];
  #gone = 0;

  constructor(rank: number) {
    this.#rank = rank;
  }

  get size(): number {
    return this.#sorted.length - this.#gone + this.#fresh.length;
  }

  /** Returns how to take the interval out again. */
  add({ from, to }: Range, owner: Q): () => void {
    const interval = { from, to, owner, isGone: false };
    this.#fresh.push(interval);
    this.#settle();
    return () => this.#remove(interval);
  }

  /** Visits the owner of each interval that the value lies in, bounds included. */
  stab(value: unknown, visit: (owner: Q) => void): void {
    for (const interval of this.#fresh) {
      if (this.#begins(interval, value) && this.#reaches(interval, value)) visit(interval.owner);
    }
    this.#stab(0, this.#sorted.length, value, visit);
  }

  #stab(start: number, end: number, value: unknown, visit: (owner: Q) => void): void {
    if (start >= end) return;
    const middle = (start + end) >>> 1;
    if (!this.#reaches(this.#furthest[middle] as Interval<Q>, value)) return;
    this.#stab(start, middle, value, visit);
    const interval = this.#sorted[middle] as Interval<Q>;
    if (!this.#begins(interval, value)) return;
    if (!interval.isGone && this.#reaches(interval, value)) visit(interval.owner);
    this.#stab(middle + 1, end, value, visit);
  }

  #remove(interval: Interval<Q>): void {
    if (interval.isGone) return;
    interval.isGone = true;
    const at = this.#fresh.indexOf(interval);
    if (at >= 0) this.#fresh.splice(at, 1);
    else {
      this.#gone++;
      this.#settle();
    }
  }

  #settle(): void {
    if (this.#fresh.length + this.#gone <= SLACK + this.#sorted.length / 8) return;
    const live = this.#sorted.filter(({ isGone }) => !isGone);
    this.#sorted = [...live, ...this.#fresh].sort((a, b) => this.#compareBegins(a, b));
    this.#fresh = [];
    this.#gone = 0;
    this.#furthest = new Array<Interval<Q>>(this.#sorted.length);
    this.#layOut(0, this.#sorted.length);
  }

  #layOut(start: number, end: number): Interval<Q> | undefined {
    if (start >= end) return undefined;
    const middle = (start + end) >>> 1;
    let furthest = this.#sorted[middle] as Interval<Q>;
    for (const side of [this.#layOut(start, middle), this.#layOut(middle + 1, end)]) {
      if (side !== undefined && this.#endsLater(side, furthest)) furthest = side;
    }
    this.#furthest[middle] = furthest;
    return furthest;
  }

  #begins({ from }: Interval<Q>, value: unknown): boolean {
    return from === undefined || compareWithin(this.#rank, from, value) <= 0;
  }

  #reaches({ to }: Interval<Q>, value: unknown): boolean {
    return to === undefined || compareWithin(this.#rank, value, to) <= 0;
  }

  #compareBegins(a: Interval<Q>, b: Interval<Q>): number {
    if (a.from === undefined) return b.from === undefined ? 0 : -1;
    return b.from === undefined ? 1 : compareWithin(this.#rank, a.from, b.from);
  }

  #endsLater(a: Interval<Q>, b: Interval<Q>): boolean {
    return b.to !== undefined && (a.to === undefined || compareWithin(this.#rank, a.to, b.to) > 0);
  }
}
