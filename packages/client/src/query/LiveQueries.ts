import type { QueryPorts, QuerySpec } from '@topgun/core';
import * as LIMITS from '@topgun/protocol/limits';
import type { RealmEngine } from '../engine/RealmEngine.js';
import type { Logger } from '../utils/logger.js';
import type { Timers } from '../utils/Timers.js';
import { LiveQuery } from './LiveQuery.js';

/**
 * The queries a client keeps open: one per question, however many handles ask it. A query that nobody listens to is
 * closed after a second, so that a component which is rendered twice, or never mounted, leaves nothing behind.
 */
export class LiveQueries {
  readonly #engine: RealmEngine;
  readonly #timers: Timers;
  readonly #logger: Logger;
  readonly #byName = new Map<string, LiveQuery<never>>();
  #isStoreRead = false;

  constructor(engine: RealmEngine, timers: Timers, logger: Logger) {
    this.#engine = engine;
    this.#timers = timers;
    this.#logger = logger;
  }

  /** What queries are made with. */
  get ports(): QueryPorts | undefined {
    return this.#engine.queryPorts;
  }

  get isStoreRead(): boolean {
    return this.#isStoreRead;
  }

  /** The open query with this name, opened now if it is not. */
  of<T>(name: string, map: string, spec: QuerySpec): LiveQuery<T> {
    const open = this.#byName.get(name) ?? this.#open(name, map, spec);
    // Handles with the same question may disagree about T, which is their own claim about the map's values.
    return open as unknown as LiveQuery<T>;
  }

  /** The engine has another result for a query. */
  changed(name: string): void {
    this.#byName.get(name)?.announce();
  }

  /** The device's store is read: from now on an empty result is a result. */
  storeRead(): void {
    this.#isStoreRead = true;
    for (const query of this.#byName.values()) query.announce();
  }

  close(): void {
    for (const query of this.#byName.values()) query.close();
    this.#byName.clear();
  }

  #open(name: string, map: string, spec: QuerySpec): LiveQuery<never> {
    const closeWhenIdle = (): void =>
      this.#timers.arm(`query ${name}`, LIMITS.queryIdleMs, () => {
        if (query.isIdle && this.#byName.delete(name)) query.close();
      });
    const query = new LiveQuery<never>({ name, map, spec }, this.#engine, this.#logger, {
      isStoreRead: () => this.#isStoreRead,
      onIdle: closeWhenIdle,
    });
    this.#byName.set(name, query);
    closeWhenIdle();
    return query;
  }
}
