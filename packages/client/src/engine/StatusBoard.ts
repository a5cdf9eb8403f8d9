import { TopGunError } from '@topgun/core';
import type { SyncStateName } from '../SyncStateMachine.js';
import type { ClientEvent, TabMessage } from './ports.js';

/** How the connection of the store stands; the leader knows it first-hand, the others from the leader. */
export type Status = Omit<Extract<TabMessage, { type: 'status' }>, 'from'>;

const NO_STATUS: Status = {
  type: 'status',
  state: 'DISCONNECTED',
  synced: [],
  answered: [],
  offsetMs: 0,
};

export class StatusBoard {
  #now: Status = NO_STATUS;
  #told = '';

  get now(): Status {
    return this.#now;
  }

  /** The own connection changed its state. */
  changed(state: SyncStateName, error?: TopGunError): ClientEvent {
    const said = error && { code: error.code, message: error.message, remedy: error.remedy };
    this.#now = { ...NO_STATUS, state, ...(said ? { error: said } : {}) };
    return { type: 'state', state, ...(error ? { error } : {}) };
  }

  /** What the leader says; an event when the state is another one. */
  relayed(status: Status): ClientEvent | undefined {
    const { state, error } = status;
    const isNew = state !== this.#now.state;
    this.#now = status;
    return isNew ? { type: 'state', state, ...(error ? { error: new TopGunError(error) } : {}) } : undefined;
  }

  /** A new leader starts from nothing. */
  clear(): void {
    this.#now = NO_STATUS;
  }

  /** Somebody new listens. */
  repeat(): void {
    this.#told = '';
  }

  /** The leader's progress; the status to tell the others if it differs from what they know. */
  progress(progress: Pick<Status, 'synced' | 'answered' | 'offsetMs'>): Status | undefined {
    this.#now = { ...this.#now, ...progress };
    const text = JSON.stringify(this.#now);
    if (text === this.#told) return undefined;
    this.#told = text;
    return this.#now;
  }
}
