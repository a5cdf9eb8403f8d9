import { compareValues } from '../../value/compareValues.js';
import { identityOf } from '../identityOf.js';
import type { AggregateFunction } from './aggregates.js';
import { EqualValues } from './EqualValues.js';
import { ExactSum } from './ExactSum.js';
import { Extreme } from './Extreme.js';

/** One aggregate of one group, kept up to date. Values are fields that are there and not null; each that goes has come. */
export interface Accumulator {
  add(value: unknown): void;
  remove(value: unknown): void;
  read(): unknown;
}

/** Makes the accumulator of each function. */
export const accumulators: Readonly<Record<AggregateFunction, () => Accumulator>> = {
  count: () => new Count(),
  sum: () => new Numbers((numbers) => numbers.sum()),
  avg: () => new Numbers((numbers) => numbers.average()),
  min: () => new Extreme(1),
  max: () => new Extreme(-1),
  distinct: () => new Distinct(),
};

class Count implements Accumulator {
  #count = 0;

  add(): void {
    this.#count++;
  }

  remove(): void {
    this.#count--;
  }

  read(): number {
    return this.#count;
  }
}

class Numbers implements Accumulator {
  readonly #read: (numbers: Numbers) => unknown;
  #sum = new ExactSum();
  #numbers = 0;
  #bigints = 0;

  constructor(read: (numbers: Numbers) => unknown) {
    this.#read = read;
  }

  add(value: unknown): void {
    if (!this.#count(value, 1)) return;
    this.#sum.add(value);
  }

  remove(value: unknown): void {
    if (!this.#count(value, -1)) return;
    this.#sum.subtract(value);
    // Lets go of a scale that fine numbers asked for.
    if (this.#numbers + this.#bigints === 0) this.#sum = new ExactSum();
  }

  read(): unknown {
    return this.#read(this);
  }

  sum(): number | bigint {
    return this.#numbers === 0 && this.#bigints > 0 ? this.#sum.toBigInt() : this.#sum.toNumber();
  }

  average(): number | undefined {
    const count = this.#numbers + this.#bigints;
    return count === 0 ? undefined : this.#sum.toAverage(count);
  }

  #count(value: unknown, step: 1 | -1): value is number | bigint {
    if (typeof value === 'number') this.#numbers += step;
    else if (typeof value === 'bigint') this.#bigints += step;
    else return false;
    return true;
  }
}

class Distinct implements Accumulator {
  readonly #byIdentity = new Map<string, EqualValues>();
  #sorted: readonly unknown[] | undefined;

  add(value: unknown): void {
    const identity = identityOf(value);
    const equal = this.#byIdentity.get(identity) ?? new EqualValues(value);
    this.#byIdentity.set(identity, equal);
    this.#follow(equal, () => equal.add(value));
  }

  remove(value: unknown): void {
    const identity = identityOf(value);
    const equal = this.#byIdentity.get(identity) as EqualValues;
    this.#follow(equal, () => equal.remove(value));
    if (equal.count === 0) this.#byIdentity.delete(identity);
  }

  read(): readonly unknown[] {
    this.#sorted ??= [...this.#byIdentity.values()].map((equal) => equal.read()).sort(compareValues);
    return this.#sorted;
  }

  /** What is sorted holds until a value comes or goes, or shows otherwise. */
  #follow(equal: EqualValues, change: () => void): void {
    const before = equal.count > 0 ? equal.read() : undefined;
    change();
    if (equal.count === 0 || equal.read() !== before) this.#sorted = undefined;
  }
}
