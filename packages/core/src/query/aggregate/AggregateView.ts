import { compareValues } from '../../value/compareValues.js';
import { deepEqual } from '../../value/deepEqual.js';
import { identityOfAll } from '../identityOf.js';
import { parsePath, readPath } from '../path.js';
import { replaceSorted } from '../sortedArray.js';
import { type Accumulator, accumulators } from './accumulators.js';
import { EqualValues } from './EqualValues.js';
import { type AggregateSpec, KEY_NAME } from './normalizeAggregate.js';

/** A group: its identity, its values by path of `groupBy`, its aggregates by name. */
export type GroupRow = Readonly<Record<string, unknown>> & { readonly [KEY_NAME]: string };

/**
 * Aggregates of rows that come, change and go; after each, `rows()` is what adding all of them up anew would give, to the
 * last bit (AGG-4).
 *
 * A change costs one step per aggregate whose field differs, O(log n) for `min` and `max`, and reading makes only the
 * groups anew that changed. It holds what the aggregates need and no rows: whoever feeds it says what a row was before.
 */
export class AggregateView {
  readonly #spec: AggregateSpec;
  readonly #groupPaths: readonly (readonly string[])[];
  readonly #paths: readonly (readonly string[] | undefined)[];
  readonly #groups = new Map<string, Group>();
  readonly #changed = new Set<Group>();
  /** All groups in order, and the shown ones among them. */
  readonly #sorted: GroupRow[] = [];
  #shown: readonly GroupRow[] = [];

  constructor(spec: AggregateSpec) {
    this.#spec = spec;
    this.#groupPaths = spec.groupBy.map(parsePath);
    this.#paths = spec.select.map(([, { path }]) => (path === undefined ? undefined : parsePath(path)));
    // One group for all rows is there without rows too.
    if (spec.groupBy.length === 0) this.#changed.add(this.#groupOf([]));
  }

  /** A row was this and is that; undefined: it was, or is, not there. Both values must stay as they are. */
  change(before: unknown, after: unknown): void {
    const from = before === undefined ? undefined : this.#fields(before);
    const to = after === undefined ? undefined : this.#fields(after);
    const left = from && this.#groupOf(from);
    const joined = to && this.#groupOf(to);
    if (left !== undefined && left === joined) this.#count(left, from, before, to, after);
    else {
      if (left) this.#count(left, from, before, undefined, undefined);
      if (joined) this.#count(joined, undefined, undefined, to, after);
    }
  }

  /** The groups in their order; unchanged ones are the same objects as before, an unchanged result the same array. */
  rows(): readonly GroupRow[] {
    if (this.#changed.size === 0) return this.#shown;
    const gone: GroupRow[] = [];
    const come: GroupRow[] = [];
    for (const group of this.#changed) {
      const { row } = group;
      const isEmpty = group.size === 0 && this.#spec.groupBy.length > 0;
      const now = isEmpty ? undefined : this.#rowOf(group);
      if (isEmpty) this.#groups.delete(group.identity);
      if (deepEqual(row, now)) continue;
      if (row !== undefined) gone.push(row);
      if (now !== undefined) come.push(now);
      group.row = now;
    }
    this.#changed.clear();
    replaceSorted(this.#sorted, gone, come, this.#compare);
    const shown = this.#sorted.slice(0, this.#spec.limit);
    const isSame = shown.length === this.#shown.length && shown.every((row, i) => row === this.#shown[i]);
    if (!isSame) this.#shown = shown;
    return this.#shown;
  }

  #fields(value: unknown): unknown[] {
    return this.#groupPaths.map((path) => readPath(value, path));
  }

  #groupOf(fields: readonly unknown[]): Group {
    const identity = identityOfAll(fields);
    let group = this.#groups.get(identity);
    if (group === undefined) {
      const results = this.#spec.select.map(([, { fn }]) => accumulators[fn]());
      group = {
        identity,
        size: 0,
        by: fields.map((field) => new EqualValues(field)),
        results,
        row: undefined,
      };
      this.#groups.set(identity, group);
    }
    return group;
  }

  /** In one group: a row came, went, or changed in fields that do not move it. */
  #count(
    group: Group,
    from: readonly unknown[] | undefined,
    before: unknown,
    to: readonly unknown[] | undefined,
    after: unknown,
  ): void {
    group.size += Number(to !== undefined) - Number(from !== undefined);
    for (const [i, equal] of group.by.entries()) {
      if (from) equal.remove(from[i]);
      if (to) equal.add(to[i]);
    }
    for (const [i, result] of group.results.entries()) {
      const path = this.#paths[i];
      const was = from && (path === undefined ? true : readPath(before, path));
      const is = to && (path === undefined ? true : readPath(after, path));
      if (was === is) continue;
      if (was !== undefined && was !== null) result.remove(was);
      if (is !== undefined && is !== null) result.add(is);
    }
    this.#changed.add(group);
  }

  #rowOf({ identity, by, results }: Group): GroupRow {
    const fields = this.#spec.groupBy.map((path, i) => [path, by[i]?.read()] as const);
    const aggregates = this.#spec.select.map(([name], i) => [name, results[i]?.read()] as const);
    return Object.fromEntries([[KEY_NAME, identity], ...fields, ...aggregates]) as GroupRow;
  }

  readonly #compare = (a: GroupRow, b: GroupRow): number => {
    for (const [name, direction] of this.#spec.sort) {
      const order = compareValues(a[name], b[name]);
      if (order !== 0) return direction === 'desc' ? -order : order;
    }
    for (const path of this.#spec.groupBy) {
      const order = compareValues(a[path], b[path]);
      if (order !== 0) return order;
    }
    return 0;
  };
}

interface Group {
  readonly identity: string;
  size: number;
  /** The values that tell it apart. */
  readonly by: readonly EqualValues[];
  readonly results: readonly Accumulator[];
  /** As it was last read. */
  row: GroupRow | undefined;
}
