import { bucketOf } from '../../value/bucketOf.js';
import { rankOf } from '../../value/compareValues.js';
import type { PredicateNode } from '../PredicateNode.js';
import { parsePath, readPath } from '../path.js';
import { type Anchor, anchorsOf } from './anchorsOf.js';
import { IntervalIndex } from './IntervalIndex.js';

/** So many queries that compare with one value are preferred to a range with two ends, or with one. */
const RANGE_COST = 100;
const OPEN_RANGE_COST = 1_000;

/**
 * Standing queries, found by the values that they may match: a write costs what it matches, and not what is
 * registered. What it finds is a superset; whoever asks still tests the predicate.
 *
 * Each query hangs on the anchors of its predicate: on a field it compares, under the value it compares with. A value
 * is looked up once per field that any query hangs on. Queries that name no such field are found by every value.
 */
export class StandingIndex<Q> {
  readonly #fields = new Map<string, FieldIndex<Q>>();
  readonly #everywhere = new Set<Q>();
  /** how to take each query out again */
  readonly #removals = new Map<Q, readonly (() => void)[]>();

  get size(): number {
    return this.#removals.size;
  }

  /** Registers a query, once. */
  add(query: Q, where: PredicateNode | undefined): void {
    const anchors = where === undefined ? undefined : anchorsOf(where, (anchor) => this.#costOf(anchor));
    if (anchors === undefined) {
      this.#everywhere.add(query);
      this.#removals.set(query, [() => this.#everywhere.delete(query)]);
    } else {
      this.#removals.set(
        query,
        anchors.map((anchor) => this.#hang(anchor, query)),
      );
    }
  }

  remove(query: Q): void {
    for (const remove of this.#removals.get(query) ?? []) remove();
    this.#removals.delete(query);
  }

  /** Visits every query that the value may match, some of them more than once; undefined matches none. */
  candidates(value: unknown, visit: (query: Q) => void): void {
    if (value === undefined) return;
    for (const query of this.#everywhere) visit(query);
    for (const field of this.#fields.values()) field.candidates(value, visit);
  }

  /**
   * A value that many queries compare with, such as the state that all lists of open tasks ask for, is one that many writes have. A range
   * open on one side meets many, whichever it is.
   */
  #costOf(anchor: Anchor): number {
    if (anchor.kind !== 'range') return 1 + (this.#fields.get(anchor.path)?.countOf(anchor) ?? 0);
    return anchor.range.from === undefined || anchor.range.to === undefined ? OPEN_RANGE_COST : RANGE_COST;
  }

  #hang(anchor: Anchor, query: Q): () => void {
    let field = this.#fields.get(anchor.path);
    if (field === undefined) {
      field = new FieldIndex(anchor.path);
      this.#fields.set(anchor.path, field);
    }
    const index = field;
    const remove = index.add(anchor, query);
    return () => {
      remove();
      if (index.isEmpty) this.#fields.delete(anchor.path);
    };
  }
}

/** The queries that hang on one field. */
class FieldIndex<Q> {
  readonly #segments: readonly string[];
  readonly #equal = new Buckets<Q>();
  /** by an item that an array holds */
  readonly #items = new Buckets<Q>();
  /** the same queries as in `#items`: any text may hold theirs */
  readonly #inText = new Counted<Q>();
  readonly #ranges = new Map<number, IntervalIndex<Q>>();

  constructor(path: string) {
    this.#segments = parsePath(path);
  }

  get isEmpty(): boolean {
    return this.#equal.isEmpty && this.#items.isEmpty && this.#ranges.size === 0;
  }

  /** The queries that hang on the value of this anchor. */
  countOf({ kind, value }: Extract<Anchor, { value: unknown }>): number {
    return (kind === 'equal' ? this.#equal : this.#items).countOf(value);
  }

  add(anchor: Anchor, query: Q): () => void {
    switch (anchor.kind) {
      case 'equal':
        return this.#equal.add(anchor.value, query);
      case 'item': {
        const { value } = anchor;
        const remove = this.#items.add(value, query);
        if (typeof value !== 'string') return remove;
        this.#inText.add(query);
        return () => {
          remove();
          this.#inText.remove(query);
        };
      }
      default: {
        const { rank } = anchor.range;
        const ranges = this.#ranges.get(rank) ?? new IntervalIndex<Q>(rank);
        this.#ranges.set(rank, ranges);
        const remove = ranges.add(anchor.range, query);
        return () => {
          remove();
          if (ranges.size === 0) this.#ranges.delete(rank);
        };
      }
    }
  }

  candidates(value: unknown, visit: (query: Q) => void): void {
    const field = readPath(value, this.#segments);
    if (field === undefined) return;
    this.#equal.candidates(field, visit);
    if (typeof field === 'string') for (const query of this.#inText) visit(query);
    else if (Array.isArray(field)) for (const item of field) this.#items.candidates(item, visit);
    this.#ranges.get(rankOf(field))?.stab(field, visit);
  }
}

/** Queries by the value they compare with. */
class Buckets<Q> {
  readonly #byKey = new Map<unknown, Counted<Q>>();

  get isEmpty(): boolean {
    return this.#byKey.size === 0;
  }

  countOf(value: unknown): number {
    return this.#byKey.get(bucketOf(value))?.size ?? 0;
  }

  add(value: unknown, query: Q): () => void {
    const key = bucketOf(value);
    const bucket = this.#byKey.get(key) ?? new Counted<Q>();
    this.#byKey.set(key, bucket);
    bucket.add(query);
    return () => {
      bucket.remove(query);
      if (bucket.size === 0) this.#byKey.delete(key);
    };
  }

  candidates(value: unknown, visit: (query: Q) => void): void {
    if (this.#byKey.size === 0) return;
    const bucket = this.#byKey.get(bucketOf(value));
    if (bucket !== undefined) for (const query of bucket) visit(query);
  }
}

/** A query may hang twice on one place, as in `in: [1, 1n]`. */
class Counted<Q> {
  readonly #counts = new Map<Q, number>();

  get size(): number {
    return this.#counts.size;
  }

  add(query: Q): void {
    this.#counts.set(query, (this.#counts.get(query) ?? 0) + 1);
  }

  remove(query: Q): void {
    const count = this.#counts.get(query) ?? 0;
    if (count > 1) this.#counts.set(query, count - 1);
    else this.#counts.delete(query);
  }

  [Symbol.iterator](): IterableIterator<Q> {
    return this.#counts.keys();
  }
}
