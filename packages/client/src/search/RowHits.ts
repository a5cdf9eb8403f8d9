import type { RealmEngine } from '../engine/RealmEngine.js';
import type { QuerySnapshot } from '../query/LiveQuery.js';
import type { QueryHandle } from '../query/QueryHandle.js';
import type { Unsubscribe } from '../utils/Listeners.js';
import type { HitSource } from './SearchHandle.js';
import type { SearchHit, SearchSnapshot } from './SearchHit.js';

/** The rows of a query as hits: what a hybrid search shows before anything is typed. */
export class RowHits<T> implements HitSource<T> {
  readonly #query: QueryHandle<T>;
  readonly #engine: RealmEngine;
  readonly #scoreOf: (rank: number) => number;
  #rows: QuerySnapshot<T> | undefined;
  #snapshot: SearchSnapshot<T> = { hits: [], completeness: 'partial', isLoaded: false, progress: 1 };

  constructor(query: QueryHandle<T>, engine: RealmEngine, scoreOf: (rank: number) => number) {
    this.#query = query;
    this.#engine = engine;
    this.#scoreOf = scoreOf;
  }

  read(): SearchSnapshot<T> {
    const rows = this.#query.getSnapshot();
    if (rows === this.#rows) return this.#snapshot;
    this.#rows = rows;
    const before = new Map(this.#snapshot.hits.map((hit) => [hit.key, hit]));
    const hits = rows.rows.map(({ _key: key }, i): SearchHit<T> => {
      const value = this.#engine.get(this.#query.getMapName(), key) as T;
      const score = this.#scoreOf(i + 1);
      const old = before.get(key);
      return old?.value === value && old.score === score
        ? old
        : { key, value, score, matchedTerms: [], highlights: [] };
    });
    this.#snapshot = { hits, completeness: rows.completeness, isLoaded: rows.isLoaded, progress: 1 };
    return this.#snapshot;
  }

  follow(callback: () => void): Unsubscribe {
    return this.#query.onSnapshot(callback);
  }
}
