import type { QuerySpec } from '@topgun/core';
import type { QueryRow as EngineRow, RealmEngine } from '../engine/RealmEngine.js';
import type { Unsubscribe } from '../utils/Listeners.js';
import { Listeners } from '../utils/Listeners.js';
import type { Logger } from '../utils/logger.js';
import { type ChangeEvent, eventOf, QueryRows, type Row, type RowChange } from './QueryRows.js';

/** What a query shows now; the same object until something in it changes. */
export interface QuerySnapshot<T> {
  readonly rows: readonly Row<T>[];
  /** `complete`: the server's rows are in. `partial`: what the device holds, which may be less. */
  readonly completeness: 'partial' | 'complete';
  /** False until the device's store is read or the server has answered: an empty result says nothing yet. */
  readonly isLoaded: boolean;
}

export interface QueryUpdate<T> {
  readonly snapshot: QuerySnapshot<T>;
  readonly changes: readonly ChangeEvent<T>[];
}

export interface LiveQuerySurroundings {
  readonly isStoreRead: () => boolean;
  /** Called when the last listener went. */
  readonly onIdle: () => void;
}

export interface LiveQueryDefinition {
  readonly name: string;
  readonly map: string;
  readonly spec: QuerySpec;
}

/** One query that the engine keeps up to date, shared by all handles that ask the same. */
export class LiveQuery<T> {
  readonly #name: string;
  readonly #engine: RealmEngine;
  readonly #surroundings: LiveQuerySurroundings;
  readonly #listeners: Listeners<QueryUpdate<T>>;
  readonly #rows = new QueryRows<T>();
  #found: readonly EngineRow[] | undefined;
  #snapshot: QuerySnapshot<T> = { rows: [], completeness: 'partial', isLoaded: false };
  #announced: QuerySnapshot<T>;
  #unannounced: RowChange<T>[] = [];
  readonly #followers = new Map<string, (changes: readonly RowChange<T>[]) => void>();

  constructor(
    { name, map, spec }: LiveQueryDefinition,
    engine: RealmEngine,
    logger: Logger,
    surroundings: LiveQuerySurroundings,
  ) {
    this.#name = name;
    this.#engine = engine;
    this.#surroundings = surroundings;
    this.#listeners = new Listeners(`query on ${map}`, logger);
    engine.openQuery(name, map, spec);
    this.#take();
    // The first result is nobody's change: it is what a subscriber starts from.
    this.#announced = this.#snapshot;
    this.#unannounced = [];
  }

  get isIdle(): boolean {
    return this.#listeners.size === 0;
  }

  /** The result now, own writes of this tick included. Listeners are not called from here: it is read while rendering. */
  snapshot(): QuerySnapshot<T> {
    this.#take();
    return this.#snapshot;
  }

  subscribe(callback: (update: QueryUpdate<T>) => void): Unsubscribe {
    const remove = this.#listeners.add(callback);
    return () => {
      const wasIdle = this.isIdle;
      remove();
      if (!wasIdle && this.isIdle) this.#surroundings.onIdle();
    };
  }

  /** The value that a row of the result was made of. */
  valueOf(row: Row<T>): unknown {
    return this.#rows.valueOf(row);
  }

  /**
   * Tells of all rows there are, and from then on of each change before the snapshot that shows it is given out: for what is
   * computed from the rows. It takes the place of another one of this name, and does not keep the query open.
   */
  follow(name: string, follower: (changes: readonly RowChange<T>[]) => void): void {
    this.#take();
    this.#followers.set(name, follower);
    follower(this.#rows.all());
  }

  /** Called once per tick in which the engine's result changed. */
  announce(): void {
    this.#take();
    const changes = this.#unannounced.map(eventOf);
    this.#unannounced = [];
    if (this.#snapshot === this.#announced) return;
    this.#announced = this.#snapshot;
    this.#listeners.emit({ snapshot: this.#snapshot, changes });
  }

  close(): void {
    this.#listeners.clear();
    this.#engine.closeQuery(this.#name);
  }

  #take(): void {
    const { rows: found, status: completeness } = this.#engine.queryResult(this.#name);
    const isLoaded = completeness === 'complete' || this.#surroundings.isStoreRead();
    if (found !== this.#found) {
      const steps = this.#engine.queryStepsFrom(this.#name, this.#found);
      const changes = steps ? this.#rows.follow(steps) : this.#rows.update(found);
      // One by one: a call takes only so many arguments.
      for (const change of changes) this.#unannounced.push(change);
      for (const follower of this.#followers.values()) follower(changes);
    }
    this.#found = found;
    const { rows } = this.#rows;
    const last = this.#snapshot;
    if (rows === last.rows && completeness === last.completeness && isLoaded === last.isLoaded) return;
    this.#snapshot = { rows, completeness, isLoaded };
  }
}
