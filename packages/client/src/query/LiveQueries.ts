import { hashValue } from '@topgun/core';
import * as LIMITS from '@topgun/protocol/limits';
import type { QuerySpec, RealmEngine } from '../engine/RealmEngine.js';
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
  /** By question; 53 bits of hash tell questions on one map apart. */
  readonly #byQuestion = new Map<string, LiveQuery<never>>();
  readonly #byId = new Map<string, LiveQuery<never>>();
  #opened = 0;
  #isStoreRead = false;

  constructor(engine: RealmEngine, timers: Timers, logger: Logger) {
    this.#engine = engine;
    this.#timers = timers;
    this.#logger = logger;
  }

  get isStoreRead(): boolean {
    return this.#isStoreRead;
  }

  /** Names the question; equal for equal ones. */
  static questionOf(map: string, spec: QuerySpec): string {
    return `${hashValue(spec)}:${map}`;
  }

  /** The open query with this question, opened now if it is not. */
  of<T>(question: string, map: string, spec: QuerySpec): LiveQuery<T> {
    const open = this.#byQuestion.get(question) ?? this.#open(map, spec, question);
    // Handles with the same question may disagree about T, which is their own claim about the map's values.
    return open as unknown as LiveQuery<T>;
  }

  /** The engine has another result for a query. */
  changed(id: string): void {
    this.#byId.get(id)?.announce();
  }

  /** The device's store is read: from now on an empty result is a result. */
  storeRead(): void {
    this.#isStoreRead = true;
    for (const query of this.#byId.values()) query.announce();
  }

  close(): void {
    for (const query of this.#byId.values()) query.close();
    this.#byId.clear();
    this.#byQuestion.clear();
  }

  #open(map: string, spec: QuerySpec, question: string): LiveQuery<never> {
    this.#opened += 1;
    // Unique on the connection, which also carries the queries of other tabs.
    const id = `${this.#engine.session}.${this.#opened}`;
    const closeWhenIdle = (): void =>
      this.#timers.arm(`query ${id}`, LIMITS.queryIdleMs, () => {
        if (!query.isIdle || !this.#byId.has(id)) return;
        this.#byQuestion.delete(question);
        this.#byId.delete(id);
        query.close();
      });
    const query = new LiveQuery<never>({ id, map, spec }, this.#engine, this.#logger, {
      isStoreRead: () => this.#isStoreRead,
      onIdle: closeWhenIdle,
    });
    this.#byQuestion.set(question, query);
    this.#byId.set(id, query);
    closeWhenIdle();
    return query;
  }
}
