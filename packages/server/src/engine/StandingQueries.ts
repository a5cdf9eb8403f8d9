import { StandingIndex } from '@topgun/core';
import type { Change } from './MapState.js';
import { readableOf } from './Row.js';
import type { SharedQuery, Update } from './SharedQuery.js';

/**
 * The live queries on one map. A commit reaches those whose results it may change, found by what they test, and
 * no others.
 *
 * They are found by unmasked values, whatever their views show of them: a view only ever takes fields and rows away, and
 * what a query hangs on are fields that must be there.
 */
export class StandingQueries {
  readonly #byKey = new Map<string, SharedQuery>();
  readonly #index = new StandingIndex<SharedQuery>();

  get size(): number {
    return this.#byKey.size;
  }

  get(key: string): SharedQuery | undefined {
    return this.#byKey.get(key);
  }

  all(): Iterable<SharedQuery> {
    return this.#byKey.values();
  }

  add(query: SharedQuery): void {
    this.#byKey.set(query.key, query);
    this.#index.add(query, query.where);
  }

  remove(query: SharedQuery): void {
    this.#byKey.delete(query.key);
    this.#index.remove(query);
  }

  /** Takes in what a commit changed on the map; what follows for each result, in frames of at most `bytesMax`. */
  *advance(changes: readonly Change[], bytesMax: number): IterableIterator<[SharedQuery, Update]> {
    for (const [query, made] of this.#concerned(changes)) {
      for (const update of query.advance(made, bytesMax)) yield [query, update];
    }
  }

  /** The changes that may matter to each query: it may have held the old row, or may hold the new one. */
  #concerned(changes: readonly Change[]): Map<SharedQuery, Change[]> {
    const concerned = new Map<SharedQuery, Change[]>();
    if (this.#byKey.size === 0) return concerned;
    for (const change of changes) {
      const note = (query: SharedQuery): void => {
        const made = concerned.get(query);
        if (made === undefined) concerned.set(query, [change]);
        else if (made[made.length - 1] !== change) made.push(change);
      };
      this.#index.candidates(readableOf(change.old), note);
      this.#index.candidates(readableOf(change.row), note);
    }
    return concerned;
  }
}
