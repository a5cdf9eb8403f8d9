import * as LIMITS from '@topgun/protocol/limits';
import { clientError } from './errors.js';

export type SyncStateName =
  | 'DISCONNECTED'
  | 'CONNECTING'
  | 'AUTHENTICATING'
  | 'SYNCING'
  | 'CONNECTED'
  | 'BACKOFF'
  | 'ERROR';

export type SyncEventName =
  | 'connect'
  | 'opened'
  | 'accepted'
  | 'synced'
  | 'refused'
  | 'lost'
  | 'retry'
  | 'exhausted'
  | 'close'
  | 'reset';

/** The whole life of a connection (rules CONN-1 to CONN-7). What is not here is refused. */
export const transitions: Readonly<
  Record<SyncStateName, Readonly<Partial<Record<SyncEventName, SyncStateName>>>>
> = {
  DISCONNECTED: { connect: 'CONNECTING' },
  CONNECTING: { opened: 'AUTHENTICATING', lost: 'BACKOFF', close: 'DISCONNECTED' },
  AUTHENTICATING: { accepted: 'SYNCING', refused: 'ERROR', lost: 'BACKOFF', close: 'DISCONNECTED' },
  SYNCING: { synced: 'CONNECTED', refused: 'ERROR', lost: 'BACKOFF', close: 'DISCONNECTED' },
  CONNECTED: { refused: 'ERROR', lost: 'BACKOFF', close: 'DISCONNECTED' },
  BACKOFF: { retry: 'CONNECTING', exhausted: 'ERROR', close: 'DISCONNECTED' },
  ERROR: { reset: 'DISCONNECTED' },
};

export interface StateChange {
  readonly from: SyncStateName;
  readonly to: SyncStateName;
  readonly event: SyncEventName;
  /** Wall clock at the change, ms since the epoch. */
  readonly atMs: number;
}

/** The connection lifecycle as a table: knows which event is legal in which state, and nothing of sockets. */
export class SyncStateMachine {
  readonly #wallMs: () => number;
  readonly #listeners = new Set<(change: StateChange) => void>();
  #state: SyncStateName = 'DISCONNECTED';
  #history: StateChange[] = [];

  /** `wallMs` reads the clock that history entries are stamped with. */
  constructor(wallMs: () => number) {
    this.#wallMs = wallMs;
  }

  getState(): SyncStateName {
    return this.#state;
  }

  canTransition(event: SyncEventName): boolean {
    return transitions[this.#state][event] !== undefined;
  }

  /** Goes to the next state and tells the listeners. Throws `STATE_TRANSITION` when the event is not legal here; the state stays. */
  transition(event: SyncEventName): SyncStateName {
    const from = this.#state;
    const to = transitions[from][event];
    if (to === undefined) {
      throw clientError('STATE_TRANSITION', `The connection is ${from}, where "${event}" is not allowed.`);
    }
    const change: StateChange = { from, to, event, atMs: this.#wallMs() };
    this.#state = to;
    this.#history = [...this.#history.slice(1 - LIMITS.stateHistory), change];
    for (const listener of [...this.#listeners]) listener(change);
    return to;
  }

  /** Leaves ERROR for DISCONNECTED; in any other state that is not DISCONNECTED it closes. Never throws. */
  reset(): void {
    for (const event of ['reset', 'close'] as const) if (this.canTransition(event)) this.transition(event);
  }

  /** Calls back after every change, with the state already set; the return value ends that. */
  onStateChange(listener: (change: StateChange) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** The last changes, oldest first; at most `LIMITS.stateHistory`. */
  getHistory(): readonly StateChange[] {
    return this.#history;
  }
}
