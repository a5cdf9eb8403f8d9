import { deepEqual } from '../value/deepEqual.js';
import { type CompiledQuery, compileQuery, type QuerySpec } from './compileQuery.js';
import type { QueryPorts } from './ports.js';
import { TopRows } from './TopRows.js';

/** One step from an old result to the new one. `from` is the row's place before the step, `index` its place after it. */
export type Delta<V> =
  | { readonly type: 'ENTER'; readonly key: string; readonly value: V; readonly index: number }
  | {
      readonly type: 'UPDATE';
      readonly key: string;
      readonly value: V;
      readonly from: number;
      readonly index: number;
    }
  | { readonly type: 'LEAVE'; readonly key: string; readonly from: number };

type Row<V> = readonly [key: string, value: V];

/** Rows held beyond the limit: as many as the limit within these bounds at first, twice as many after each refill. */
const SLACK_MIN = 8;
const SLACK_FIRST_MAX = 64;
const SLACK_MAX = 1_024;

/** What a live window may be given. */
export interface LiveWindowOptions<V> extends QueryPorts {
  /** Runs a query on all rows, so that the window need not hold more than it shows and some slack. */
  readonly run?: (spec: QuerySpec) => Iterable<Row<V>>;
}

/**
 * The result of one query, kept up to date change by change: after each, `rows()` is what a fresh run would give.
 *
 * Without `run` all matching rows are held sorted, those past the limit too, so that when one leaves the window the next is
 * at hand. A change costs O(log n) comparisons and one move of the array's tail.
 *
 * With a limit and `run`, which runs a query on all rows, only the first rows are held: those of the limit and some slack.
 * Rows that leave use the slack up, rows that enter fill it; when fewer are left than the limit, the query is run again
 * for the limit and twice the slack. So there is at most one run in as many departures as there was slack, and neither
 * memory nor the cost of a change hangs on how many rows match. `run` shows what `apply` has been told, or a later state
 * whose changes will be told.
 *
 * Deltas are exact under sort and limit and are to be applied in order: LEAVE takes the key out, ENTER puts the row at
 * `index`, UPDATE takes the old row out and puts the new one at `index`.
 */
export class LiveWindow<V> {
  readonly #spec: QuerySpec;
  readonly #query: CompiledQuery;
  readonly #run: LiveWindowOptions<V>['run'];
  readonly #values = new Map<string, V>();
  /** The keys of `#values` in order. */
  #sorted: string[] = [];
  /** How far the rows are held: up to this one all that match, behind it none. Undefined: all are held. */
  #end: Row<V> | undefined;
  #slack: number;

  constructor(spec: QuerySpec, { run, ...ports }: LiveWindowOptions<V> = {}) {
    this.#spec = spec;
    this.#query = compileQuery(spec, ports);
    this.#run = run;
    this.#slack =
      run === undefined ? Infinity : Math.max(SLACK_MIN, Math.min(this.#query.limit, SLACK_FIRST_MAX));
  }

  /** Starts over from all rows of the map, matching or not; without them from what `run` gives, or from none. */
  reset(rows?: Iterable<Row<V>>): void {
    if (rows === undefined) this.#hold(this.#first());
    else {
      const { compare, selects } = this.#query;
      const top = new TopRows<Row<V>>((a, b) => compare(a[0], a[1], b[0], b[1]), this.#room);
      for (const row of rows) if (selects(row[0], row[1])) top.add(row);
      this.#hold(top.sorted());
    }
  }

  /** Takes in the new value of a key, or undefined when it is gone; returns how the result changes. */
  apply(key: string, value: V | undefined): Delta<V>[] {
    const { limit } = this.#query;
    const kept = this.#putInPlace(key, value);
    if (kept !== undefined) return kept;
    const before = this.#takeOut(key);
    const matching = value !== undefined && this.#query.selects(key, value) ? { value } : undefined;
    const after = matching === undefined ? -1 : this.#putIn(key, matching.value);
    const wasIn = before >= 0 && before < limit;
    const deltas: Delta<V>[] = [];
    if (matching !== undefined && after >= 0 && after < limit) {
      const delta = { key, value: matching.value, index: after };
      if (wasIn) deltas.push({ type: 'UPDATE', from: before, ...delta });
      else deltas.push(...this.#pushedOut(), { type: 'ENTER', ...delta });
    } else if (wasIn) deltas.push({ type: 'LEAVE', key, from: before }, ...this.#movedUp());
    if (this.#sorted.length > this.#room) this.#cut();
    else if (this.#end !== undefined && this.#sorted.length < limit) this.#refill(deltas);
    return deltas;
  }

  /** The result: rows in order, up to the limit. */
  rows(): Row<V>[] {
    return this.#sorted.slice(0, this.#query.limit).map((key) => [key, this.#valueOf(key)]);
  }

  /** Whether a key is in the result. */
  has(key: string): boolean {
    const value = this.#values.get(key);
    return value !== undefined && this.#placeOf(key, value) < this.#query.limit;
  }

  // A row came into a full window: the one now just past the limit has left it.
  #pushedOut(): Delta<V>[] {
    const key = this.#sorted[this.#query.limit];
    return key === undefined ? [] : [{ type: 'LEAVE', key, from: this.#query.limit - 1 }];
  }

  // A row left the window: the one now last in it, if the window is full, has come in.
  #movedUp(): Delta<V>[] {
    const index = this.#query.limit - 1;
    const key = this.#sorted[index];
    return key === undefined ? [] : [{ type: 'ENTER', key, value: this.#valueOf(key), index }];
  }

  /** The most rows held. */
  get #room(): number {
    return this.#query.limit + this.#slack;
  }

  #first(): Row<V>[] {
    const limit = this.#room;
    return [...(this.#run?.(limit === Infinity ? this.#spec : { ...this.#spec, limit }) ?? [])];
  }

  #hold(rows: readonly Row<V>[]): void {
    this.#sorted = rows.map(([key]) => key);
    this.#values.clear();
    for (const [key, value] of rows) this.#values.set(key, value);
    this.#end = rows.length < this.#room ? undefined : rows.at(-1);
  }

  /** The last row is held no longer. */
  #cut(): void {
    this.#values.delete(this.#sorted.pop() as string);
    const last = this.#sorted.at(-1) as string;
    this.#end = [last, this.#valueOf(last)];
  }

  /** Runs the query again, with more slack. The state may be ahead, so that not only the rows that were missing change. */
  #refill(deltas: Delta<V>[]): void {
    const before = new Map(this.rows());
    this.#slack = Math.min(2 * this.#slack, SLACK_MAX);
    // A row that has not changed keeps its value, also when `run` makes values anew.
    this.#hold(
      this.#first().map((row) => {
        const known = before.get(row[0]);
        return known !== undefined && deepEqual(known, row[1]) ? [row[0], known] : row;
      }),
    );
    const after = this.rows();
    const now = new Map(after);
    // What has changed leaves first: only so each index holds when it is applied.
    let from = 0;
    for (const [key, value] of before) {
      if (now.get(key) === value) from++;
      else deltas.push({ type: 'LEAVE', key, from });
    }
    after.forEach(([key, value], index) => {
      if (before.get(key) !== value) deltas.push({ type: 'ENTER', key, value, index });
    });
  }

  /** Most changes move no row: then nothing behind it moves either. Undefined where it may be otherwise. */
  #putInPlace(key: string, value: V | undefined): Delta<V>[] | undefined {
    const old = this.#values.get(key);
    if (old === undefined || value === undefined || !this.#query.selects(key, value)) return undefined;
    const { compare, limit } = this.#query;
    const at = this.#placeOf(key, old);
    const before = this.#sorted[at - 1];
    const after = this.#sorted[at + 1];
    if (before !== undefined && compare(before, this.#valueOf(before), key, value) > 0) return undefined;
    // Behind the last row held there may be others that would now come first.
    if (after === undefined ? this.#end !== undefined : compare(key, value, after, this.#valueOf(after)) > 0)
      return undefined;
    this.#values.set(key, value);
    return at < limit ? [{ type: 'UPDATE', key, value, from: at, index: at }] : [];
  }

  #takeOut(key: string): number {
    const value = this.#values.get(key);
    // Undefined is never a row's value.
    if (value === undefined) return -1;
    const at = this.#placeOf(key, value);
    this.#sorted.splice(at, 1);
    this.#values.delete(key);
    return at;
  }

  /** The place of the row; -1 when it lies behind what is held. */
  #putIn(key: string, value: V): number {
    const { compare } = this.#query;
    if (this.#end !== undefined && compare(key, value, this.#end[0], this.#end[1]) > 0) return -1;
    const at = this.#placeOf(key, value);
    this.#sorted.splice(at, 0, key);
    this.#values.set(key, value);
    return at;
  }

  /** The value of a key that is held. */
  #valueOf(key: string): V {
    return this.#values.get(key) as V;
  }

  // The first place whose row does not come before (key, value).
  #placeOf(key: string, value: V): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#sorted[middle] as string;
      if (this.#query.compare(other, this.#valueOf(other), key, value) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
