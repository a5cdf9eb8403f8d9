import type { TopGunError } from '@topgun/core';
import * as LIMITS from '@topgun/protocol/limits';
import type { ClientEvent } from './engine/ports.js';
import type { ChangedKeys } from './handles/HandleContext.js';
import type { SyncStateName } from './SyncStateMachine.js';
import { Listeners } from './utils/Listeners.js';
import type { Logger } from './utils/logger.js';

/** The connection state, and why when it is an error. */
export interface ConnectionStateChange {
  readonly state: SyncStateName;
  readonly error?: TopGunError;
}

/** A state the connection was in and since when, ms since the epoch by the device's clock. */
export interface StateHistoryEntry extends ConnectionStateChange {
  readonly atMs: number;
}

const isAuthError = (error: TopGunError): boolean => error.code.startsWith('AUTH_');

/** What the engine tells, handed to whom the app registered for it. */
export class AppEvents {
  readonly ready: Listeners<void>;
  readonly state: Listeners<ConnectionStateChange>;
  readonly pending: Listeners<number>;
  readonly authError: Listeners<TopGunError>;
  readonly error: Listeners<TopGunError>;
  readonly #mapListeners = new Map<string, Listeners<ChangedKeys>>();
  readonly #history: StateHistoryEntry[] = [];
  readonly #logger: Logger;
  readonly #wallMs: () => number;

  constructor(logger: Logger, wallMs: () => number) {
    this.#logger = logger;
    this.#wallMs = wallMs;
    this.ready = new Listeners('ready', logger);
    this.state = new Listeners('state', logger);
    this.pending = new Listeners('pending', logger);
    this.authError = new Listeners('authError', logger);
    this.error = new Listeners('error', logger);
  }

  mapListeners(map: string): Listeners<ChangedKeys> {
    let listeners = this.#mapListeners.get(map);
    if (listeners === undefined) {
      listeners = new Listeners(`map ${map}`, this.#logger);
      this.#mapListeners.set(map, listeners);
    }
    return listeners;
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
    this.state.emit(change);
    if (error !== undefined && isAuthError(error)) this.authError.emit(error);
  }

  mapsChanged({ keysByMap }: Extract<ClientEvent, { type: 'changes' }>): void {
    for (const [map, keys] of keysByMap) this.#mapListeners.get(map)?.emit(keys);
  }

  failed(error: TopGunError): void {
    this.#logger.warn({ error }, error.message);
    this.error.emit(error);
    if (isAuthError(error)) this.authError.emit(error);
  }
}
