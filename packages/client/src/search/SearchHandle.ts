import type { Unsubscribe } from '../utils/Listeners.js';
import { Listeners } from '../utils/Listeners.js';
import type { Logger } from '../utils/logger.js';
import { deltasOf, type SearchDelta, type SearchHit, type SearchSnapshot } from './SearchHit.js';

/** What computes the hits of a handle. */
export interface HitSource<T> {
  /** The hits now; the same array until one of them changes. */
  read(): SearchSnapshot<T>;
  /** Calls back when `read` may give another snapshot. */
  follow(callback: () => void): Unsubscribe;
}

interface SearchChange<T> {
  readonly snapshot: SearchSnapshot<T>;
  readonly deltas: readonly SearchDelta<T>[];
}

const NO_HITS: readonly never[] = [];

/**
 * A search whose hits follow the data: own writes in the same tick, those of others as they come. `Options` are those that it was made
 * with. It costs nothing until it is read or subscribed to, and runs again only when something has changed.
 */
export class SearchHandle<T, Options extends { readonly query: string }> {
  /** Equal for handles that search for the same. */
  get key(): string {
    return this.#key;
  }
  readonly #make: (options: Options) => readonly [key: string, source: HitSource<T>];
  readonly #listeners: Listeners<SearchChange<T>>;
  #options: Options;
  #key: string;
  #source: HitSource<T>;
  #unfollow: Unsubscribe | undefined;
  #snapshot: SearchSnapshot<T> | undefined;
  #told: readonly SearchHit<T>[] = NO_HITS;

  constructor(
    map: string,
    options: Options,
    logger: Logger,
    make: (options: Options) => readonly [key: string, source: HitSource<T>],
  ) {
    this.#make = make;
    this.#options = options;
    this.#listeners = new Listeners(`search in ${map}`, logger);
    [this.#key, this.#source] = make(options);
  }

  /** Calls back with the hits now, and again once per tick in which they or their completeness changed. */
  subscribe(callback: (hits: readonly SearchHit<T>[], snapshot: SearchSnapshot<T>) => void): Unsubscribe {
    const end = this.#listen(({ snapshot }) => callback(snapshot.hits, snapshot));
    const snapshot = this.getSnapshot();
    callback(snapshot.hits, snapshot);
    return end;
  }

  /** Calls back with the steps that lead from the last hits to the present ones; the first call leads from none. */
  onChanges(callback: (deltas: readonly SearchDelta<T>[]) => void): Unsubscribe {
    let isNew = true;
    const end = this.#listen(({ deltas, snapshot }) => {
      const steps = isNew ? deltasOf(NO_HITS, snapshot.hits) : deltas;
      isNew = false;
      if (steps.length > 0) callback(steps);
    });
    const { hits } = this.#tellOthers();
    if (isNew && hits.length > 0) callback(deltasOf(NO_HITS, hits));
    isNew = false;
    return end;
  }

  /** Calls back when `getSnapshot` has something new. */
  onSnapshot(callback: () => void): Unsubscribe {
    return this.#listen(callback);
  }

  getResults(): readonly SearchHit<T>[] {
    return this.getSnapshot().hits;
  }

  /** Number of hits. */
  get size(): number {
    return this.getResults().length;
  }

  /** Hits and completeness as one object, the same until one of them changes. */
  getSnapshot(): SearchSnapshot<T> {
    return this.#source.read();
  }

  /** Searches for another text from now on; listeners hear of it at once. Throws `SEARCH_INVALID`, and nothing changes then. */
  setQuery(query: string): void {
    this.setOptions({ ...this.#options, query });
  }

  /** Searches in another way from now on; listeners hear of it at once. Throws what making the handle throws, and nothing changes then. */
  setOptions(options: Options): void {
    const [key, source] = this.#make(options);
    this.#options = options;
    if (key === this.#key) return;
    [this.#key, this.#source] = [key, source];
    if (!this.#unfollow) return;
    // The new source is followed before the old one is let go, so that an index they share stays.
    const unfollow = this.#unfollow;
    this.#unfollow = this.#source.follow(() => this.#announce());
    unfollow();
    this.#announce();
  }

  /** Ends all subscriptions made through this handle. */
  dispose(): void {
    this.#listeners.clear();
    this.#rest();
  }

  #listen(callback: (change: SearchChange<T>) => void): Unsubscribe {
    if (!this.#unfollow) {
      this.#unfollow = this.#source.follow(() => this.#announce());
      this.#snapshot = this.#source.read();
      this.#told = this.#snapshot.hits;
    }
    const remove = this.#listeners.add(callback);
    return () => {
      remove();
      if (this.#listeners.size === 0) this.#rest();
    };
  }

  /** Brings those who listen already to the present, from which a new listener starts. */
  #tellOthers(): SearchSnapshot<T> {
    this.#announce();
    return this.#snapshot as SearchSnapshot<T>;
  }

  #announce(): void {
    const snapshot = this.#source.read();
    if (snapshot === this.#snapshot) return;
    const deltas = snapshot.hits === this.#told ? [] : deltasOf(this.#told, snapshot.hits);
    this.#snapshot = snapshot;
    this.#told = snapshot.hits;
    this.#listeners.emit({ snapshot, deltas });
  }

  #rest(): void {
    this.#unfollow?.();
    this.#unfollow = undefined;
  }
}
