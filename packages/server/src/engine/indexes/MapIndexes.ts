import {
  type Explanation,
  IndexSet,
  type IndexSpec,
  type QueryPorts,
  type QuerySpec,
  type RowSource,
} from '@topgun/core';
import type { View } from '../../security/policy/View.js';
import { type Row, readableOf } from '../Row.js';
import { viewOn } from './viewOn.js';

/** The durable rows of a map, by item. */
export interface CommittedRows {
  readonly items: number;
  committed(item: string): Row | undefined;
  rows(): Iterable<Row>;
}

/** What a map is given for its queries. */
export interface QuerySetup {
  readonly indexes: readonly IndexSpec[];
  readonly ports: QueryPorts | undefined;
}

/** What was found for a question, and what it cost. */
export interface Found {
  readonly rows: readonly (readonly [item: string, seen: unknown])[];
  readonly explanation: Explanation;
}

/**
 * The declared indexes of one map and the questions that are answered with them (QRY-7). They hold what is committed, unmasked;
 * every question goes through a view.
 */
export class MapIndexes {
  readonly #set: IndexSet<unknown>;

  constructor(rows: CommittedRows, { indexes, ports }: QuerySetup) {
    this.#set = new IndexSet<unknown>(new ReadableRows(rows), ports);
    for (const spec of indexes) this.#set.declare(spec);
  }

  /** A commit has made `now` of `old`. */
  changed(item: string, old: Row | undefined, now: Row | undefined): void {
    this.#set.changed(item, readableOf(old), readableOf(now));
  }

  /** Takes in that many rows more; whether all indexes are complete. */
  buildSome(rows: number): boolean {
    return this.#set.buildSome(rows).isComplete;
  }

  /** The rows of a query as they are seen through the view, in its order, and how they were found. */
  find(spec: QuerySpec, view: View): Found {
    return this.#set.inspect(spec, viewOn(view, spec));
  }

  /** Whether there is an index to use. */
  get isAny(): boolean {
    return this.#set.indexes().some(({ isComplete }) => isComplete);
  }

  /** Each index and how far it is, and the indexes that would have spared work so far. */
  status(): {
    readonly indexes: ReturnType<IndexSet<unknown>['indexes']>;
    readonly advice: ReturnType<IndexSet<unknown>['advice']>;
  } {
    return { indexes: this.#set.indexes(), advice: this.#set.advice() };
  }
}

/** Rows as predicates look at them; deletions are none. */
class ReadableRows implements RowSource<unknown> {
  readonly #rows: CommittedRows;

  constructor(rows: CommittedRows) {
    this.#rows = rows;
  }

  get size(): number {
    return this.#rows.items;
  }

  get(item: string): unknown {
    return readableOf(this.#rows.committed(item));
  }

  *entries(): IterableIterator<readonly [item: string, value: unknown]> {
    for (const row of this.#rows.rows()) {
      const value = readableOf(row);
      if (value !== undefined) yield [row.item, value];
    }
  }
}
