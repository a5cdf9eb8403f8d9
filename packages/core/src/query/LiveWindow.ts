import { type CompiledQuery, compileQuery, type QuerySpec } from './compileQuery.js';
import type { QueryPorts } from './ports.js';

/** One step from an old result to the new one. `index` is the place in the result after the step. */
export type Delta<V> =
  | { readonly type: 'ENTER' | 'UPDATE'; readonly key: string; readonly value: V; readonly index: number }
  | { readonly type: 'LEAVE'; readonly key: string };

type Row<V> = readonly [key: string, value: V];

/**
 * The result of one query, kept up to date change by change: after each, `rows()` is what a fresh run would give.
 *
 * All matching rows are held sorted, those past the limit too, so that when one leaves the window the next is at hand.
 * A change costs O(log n) comparisons and one move of the array's tail.
 *
 * Deltas are exact under sort and limit and are to be applied in order: LEAVE takes the key out, ENTER puts the row at
 * `index`, UPDATE takes the old row out and puts the new one at `index`.
 */
export class LiveWindow<V> {
  readonly #query: CompiledQuery;
  readonly #values = new Map<string, V>();
  #sorted: Row<V>[] = [];

  constructor(spec: QuerySpec, ports?: QueryPorts) {
    this.#query = compileQuery(spec, ports);
  }

  /** Starts over from all rows of the map, matching or not. */
  reset(rows: Iterable<Row<V>>): void {
    this.#values.clear();
    for (const [key, value] of rows) if (this.#query.selects(key, value)) this.#values.set(key, value);
    this.#sorted = [...this.#values].sort((a, b) => this.#query.compare(a[0], a[1], b[0], b[1]));
  }

  /** Takes in the new value of a key, or undefined when it is gone; returns how the result changes. */
  apply(key: string, value: V | undefined): Delta<V>[] {
    const before = this.#takeOut(key);
    const matching = value !== undefined && this.#query.selects(key, value) ? { value } : undefined;
    const after = matching === undefined ? -1 : this.#putIn(key, matching.value);
    const wasIn = before >= 0 && before < this.#query.limit;
    const isIn = after >= 0 && after < this.#query.limit;
    if (matching !== undefined && isIn) {
      const delta = { key, value: matching.value, index: after };
      return wasIn ? [{ type: 'UPDATE', ...delta }] : [...this.#pushedOut(), { type: 'ENTER', ...delta }];
    }
    return wasIn ? [{ type: 'LEAVE', key }, ...this.#movedUp()] : [];
  }

  /** The result: rows in order, up to the limit. */
  rows(): Row<V>[] {
    return this.#sorted.slice(0, this.#query.limit);
  }

  /** Whether a key is in the result. */
  has(key: string): boolean {
    const value = this.#values.get(key);
    return value !== undefined && this.#placeOf(key, value) < this.#query.limit;
  }

  // A row came into a full window: the one now just past the limit has left it.
  #pushedOut(): Delta<V>[] {
    const row = this.#sorted[this.#query.limit];
    return row === undefined ? [] : [{ type: 'LEAVE', key: row[0] }];
  }

  // A row left the window: the one now last in it, if the window is full, has come in.
  #movedUp(): Delta<V>[] {
    const index = this.#query.limit - 1;
    const row = this.#sorted[index];
    return row === undefined ? [] : [{ type: 'ENTER', key: row[0], value: row[1], index }];
  }

  #takeOut(key: string): number {
    const value = this.#values.get(key);
    // Undefined is never a row's value.
    if (value === undefined) return -1;
    this.#values.delete(key);
    const at = this.#placeOf(key, value);
    this.#sorted.splice(at, 1);
    return at;
  }

  #putIn(key: string, value: V): number {
    this.#values.set(key, value);
    const at = this.#placeOf(key, value);
    this.#sorted.splice(at, 0, [key, value]);
    return at;
  }

  // The first place whose row does not come before (key, value).
  #placeOf(key: string, value: V): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const [otherKey, otherValue] = this.#sorted[middle] as Row<V>;
      if (this.#query.compare(otherKey, otherValue, key, value) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
