import type { QuerySpec } from '@topgun/core';
import type { ResultVersion } from '../engine/LocalQuery.js';
import type { RealmEngine } from '../engine/RealmEngine.js';
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

/** How far a query is, without its rows. */
export interface QueryState {
  /** Rises whenever rows change or move. */
  readonly revision: number;
  readonly completeness: QuerySnapshot<unknown>['completeness'];
  readonly isLoaded: boolean;
}

export interface QueryUpdate<T> {
  /** Made when it is read, which costs as much as the result is long. */
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
  #version: ResultVersion | undefined;
  #state: QueryState = { revision: 0, completeness: 'partial', isLoaded: false };
  #announced: QueryState;
  /** Of one state. */
  #snapshot: { readonly of: QueryState; readonly snapshot: QuerySnapshot<T> } | undefined;
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
    // The first result is nobody's change: it is what a subscriber starts from.
    this.#announced = this.state();
    this.#unannounced = [];
  }

  get isIdle(): boolean {
    return this.#listeners.size === 0;
  }

  /** The result now, own writes of this tick included. Listeners are not called from here: it is read while rendering. */
  snapshot(): QuerySnapshot<T> {
    const state = this.state();
    if (this.#snapshot?.of === state) return this.#snapshot.snapshot;
    const { completeness, isLoaded } = state;
    const snapshot = { rows: this.#rows.rows, completeness, isLoaded };
    this.#snapshot = { of: state, snapshot };
    return snapshot;
  }

  /** The same without rows, and without what it costs to give them out; the same object until something changes. */
  state(): QueryState {
    const { version, steps, status: completeness } = this.#engine.queryProgress(this.#name, this.#version);
    const isLoaded = completeness === 'complete' || this.#surroundings.isStoreRead();
    if (version !== this.#version) {
      const changes = steps
        ? this.#rows.follow(steps)
        : this.#rows.update(this.#engine.queryResult(this.#name).rows);
      // One by one: a call takes only so many arguments.
      for (const change of changes) this.#unannounced.push(change);
      for (const follower of this.#followers.values()) follower(changes);
    }
    this.#version = version;
    const { revision } = this.#rows;
    const last = this.#state;
    if (revision !== last.revision || completeness !== last.completeness || isLoaded !== last.isLoaded)
      this.#state = { revision, completeness, isLoaded };
    return this.#state;
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
    this.state();
    this.#followers.set(name, follower);
    follower(this.#rows.all());
  }

  /** Called once per tick in which the engine's result changed. */
  announce(): void {
    const state = this.state();
    const changes = this.#unannounced.map(eventOf);
    this.#unannounced = [];
    if (state === this.#announced) return;
    this.#announced = state;
    const read = (): QuerySnapshot<T> => this.snapshot();
    this.#listeners.emit({
      get snapshot() {
        return read();
      },
      changes,
    });
  }

  close(): void {
    this.#listeners.clear();
    this.#engine.closeQuery(this.#name);
  }
}
