import type { TopGunError } from '@topgun/core';
import * as LIMITS from '@topgun/protocol/limits';
import type { ClientEvent } from './engine/ports.js';
import type { SyncStateName } from './SyncStateMachine.js';
import { Listeners } from './utils/Listeners.js';
import type { Logger } from './utils/logger.js';

/** Keys of one map whose visible value changed since the last call. */
export type ChangedKeys = ReadonlySet<string>;

/** The connection state, and why when it is an error. */
export interface ConnectionStateChange {
  readonly state: SyncStateName;
  readonly error?: TopGunError;
}

/** A state the connection was in and since when, ms since the epoch by the device's clock. */
export interface StateHistoryEntry extends ConnectionStateChange {
  readonly atMs: number;
}

/** What listeners are called with, by the name of the event. */
interface EventValues {
  readonly ready: undefined;
  readonly state: ConnectionStateChange;
  readonly pending: number;
  readonly conflicts: undefined;
  readonly loggedOut: undefined;
  readonly authError: TopGunError;
  readonly error: TopGunError;
  readonly [map: `map ${string}`]: ChangedKeys;
  readonly [whole: `whole ${string}`]: undefined;
}

/** What the engine tells, handed to whom the app registered for it. */
export class AppEvents {
  readonly #listeners = new Map<string, Listeners<never>>();
  readonly #history: StateHistoryEntry[] = [];
  readonly #logger: Logger;
  readonly #wallMs: () => number;

  constructor(logger: Logger, wallMs: () => number) {
    this.#logger = logger;
    this.#wallMs = wallMs;
  }

  /** The listeners of one event; of a map they are called at most once per tick, when reads show the change. */
  of<Name extends keyof EventValues>(name: Name): Listeners<EventValues[Name]> {
    const listeners = this.#listeners.get(name) ?? new Listeners<never>(name, this.#logger);
    this.#listeners.set(name, listeners);
    // The listeners under a name are those of its values; a map of names cannot say so.
    return listeners as unknown as Listeners<EventValues[Name]>;
  }

  /** Newest last. */
  history(limit: number): readonly StateHistoryEntry[] {
    return limit > 0 ? this.#history.slice(-limit) : [];
  }

  stateChanged({ state, error }: Extract<ClientEvent, { type: 'state' }>): void {
    const change = error === undefined ? { state } : { state, error };
    this.#history.push({ ...change, atMs: this.#wallMs() });
    if (this.#history.length > LIMITS.stateHistory) this.#history.shift();
    this.#logger.info(change, 'connection state');
    this.of('state').emit(change);
    if (error !== undefined) this.#tellAuthError(error);
  }

  mapsChanged({ keysByMap }: Extract<ClientEvent, { type: 'changes' }>): void {
    for (const [map, keys] of keysByMap) this.of(`map ${map}`).emit(keys);
  }

  failed(error: TopGunError): void {
    this.#logger.warn({ error }, error.message);
    this.of('error').emit(error);
    this.#tellAuthError(error);
  }

  #tellAuthError(error: TopGunError): void {
    if (error.code.startsWith('AUTH_')) this.of('authError').emit(error);
  }
}
