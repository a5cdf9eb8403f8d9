import type { QueryFilter, QuerySpec } from '@topgun/core';
import { normalizeQuery } from '@topgun/core';
import { queryName } from '../engine/QueryFeed.js';
import type { Unsubscribe } from '../utils/Listeners.js';
import type { LiveQueries } from './LiveQueries.js';
import type { QuerySnapshot, QueryUpdate } from './LiveQuery.js';
import type { ChangeEvent, Row } from './QueryRows.js';

/**
 * A query whose result follows the data: at once what the device holds, own writes in the same tick, then the
 * server's rows. Made by `client.query(map, filter)`; costs nothing until it is read or subscribed to, and nothing again
 * a second after the last subscription ended.
 */
export class QueryHandle<T> {
  /** Equal for handles of one client that ask the same. */
  readonly key: string;
  readonly #map: string;
  readonly #filter: QueryFilter<T>;
  readonly #spec: QuerySpec;
  readonly #queries: LiveQueries;
  readonly #subscriptions = new Set<Unsubscribe>();

  constructor(map: string, filter: QueryFilter<T>, queries: LiveQueries) {
    this.#map = map;
    this.#filter = filter;
    this.#spec = normalizeQuery(filter, queries.ports);
    this.key = queryName(map, this.#spec);
    this.#queries = queries;
  }

  /** Calls back with the rows now, and again once per tick in which they or their completeness changed. */
  subscribe(callback: (rows: readonly Row<T>[], snapshot: QuerySnapshot<T>) => void): Unsubscribe {
    const end = this.#follow(({ snapshot }) => callback(snapshot.rows, snapshot));
    const snapshot = this.getSnapshot();
    callback(snapshot.rows, snapshot);
    return end;
  }

  /** Calls back with what was added, updated and removed since the last call. */
  onChanges(callback: (changes: readonly ChangeEvent<T>[]) => void): Unsubscribe {
    return this.#follow(({ changes }) => {
      if (changes.length > 0) callback(changes);
    });
  }

  /** Calls back when `getSnapshot` has something new. */
  onSnapshot(callback: () => void): Unsubscribe {
    return this.#follow(callback);
  }

  /** The rows now. Unchanged rows are the same objects as before, an unchanged result is the same array. */
  getResults(): readonly Row<T>[] {
    return this.getSnapshot().rows;
  }

  /** Rows and completeness as one object, the same until one of them changes. */
  getSnapshot(): QuerySnapshot<T> {
    return this.#queries.of<T>(this.key, this.#map, this.#spec).snapshot();
  }

  /** The value that a row of the result was made of: what `set` takes to write it again. */
  valueOf(row: Row<T>): T {
    return this.#queries.of<T>(this.key, this.#map, this.#spec).valueOf(row) as T;
  }

  /** `complete` once the server's rows are in; `partial` while the result is what this device holds. */
  get completeness(): 'partial' | 'complete' {
    return this.getSnapshot().completeness;
  }

  getFilter(): QueryFilter<T> {
    return this.#filter;
  }

  getMapName(): string {
    return this.#map;
  }

  /** Ends all subscriptions made through this handle. */
  dispose(): void {
    for (const end of [...this.#subscriptions]) end();
  }

  #follow(callback: (update: QueryUpdate<T>) => void): Unsubscribe {
    const unsubscribe = this.#queries.of<T>(this.key, this.#map, this.#spec).subscribe(callback);
    const end = (): void => {
      this.#subscriptions.delete(end);
      unsubscribe();
    };
    this.#subscriptions.add(end);
    return end;
  }
}
