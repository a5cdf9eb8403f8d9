import { hashValue } from '@topgun/core';
import type { QueryRow as EngineRow, QuerySpec, RealmEngine } from '../engine/RealmEngine.js';
import { Listeners, type Unsubscribe } from '../utils/Listeners.js';
import type { Logger } from '../utils/logger.js';
import { type ChangeEvent, QueryRows, type Row } from './QueryRows.js';

/** What a query shows now; the same object until something in it changes. */
export interface QuerySnapshot<T> {
  readonly rows: readonly Row<T>[];
  /** `complete`: the server's rows are in. `partial`: what the device holds, which may be less. */
  readonly completeness: 'partial' | 'complete';
}

export interface QueryUpdate<T> {
  readonly snapshot: QuerySnapshot<T>;
  readonly changes: readonly ChangeEvent<T>[];
}

/** Equal hashes stand for equal values: 53 bits, so a change goes unseen once in 10^15. */
const isEqual = (a: unknown, b: unknown): boolean => hashValue(a) === hashValue(b);

export interface LiveQueryDefinition {
  readonly id: string;
  readonly map: string;
  readonly spec: QuerySpec;
}

/** One query that the engine keeps up to date, shared by all handles that ask the same. */
export class LiveQuery<T> {
  readonly definition: LiveQueryDefinition;
  readonly #engine: RealmEngine;
  readonly #onIdle: () => void;
  readonly #listeners: Listeners<QueryUpdate<T>>;
  readonly #rows = new QueryRows<T>(isEqual);
  #found: readonly EngineRow[] | undefined;
  #snapshot: QuerySnapshot<T> = { rows: [], completeness: 'partial' };
  #announced: QuerySnapshot<T>;
  #unannounced: ChangeEvent<T>[] = [];

  constructor(definition: LiveQueryDefinition, engine: RealmEngine, logger: Logger, onIdle: () => void) {
    this.definition = definition;
    this.#engine = engine;
    this.#onIdle = onIdle;
    this.#listeners = new Listeners(`query on ${definition.map}`, logger);
    engine.openQuery(definition.id, definition.map, definition.spec);
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
      if (!wasIdle && this.isIdle) this.#onIdle();
    };
  }

  /** Called once per tick in which the engine's result changed. */
  announce(): void {
    this.#take();
    const changes = this.#unannounced;
    this.#unannounced = [];
    if (this.#snapshot === this.#announced) return;
    this.#announced = this.#snapshot;
    this.#listeners.emit({ snapshot: this.#snapshot, changes });
  }

  close(): void {
    this.#listeners.clear();
    this.#engine.closeQuery(this.definition.id);
  }

  #take(): void {
    const { rows: found, status } = this.#engine.queryResult(this.definition.id);
    if (found === this.#found && status === this.#snapshot.completeness) return;
    if (found !== this.#found) this.#unannounced.push(...this.#rows.update(found));
    this.#found = found;
    const { rows } = this.#rows;
    if (rows === this.#snapshot.rows && status === this.#snapshot.completeness) return;
    this.#snapshot = { rows, completeness: status };
  }
}
