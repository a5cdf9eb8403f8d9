import type { Unsubscribe } from '../utils/Listeners.js';
import type { ConnectionEvents } from './IConnectionProvider.js';

type Callbacks = { [E in keyof ConnectionEvents]: Set<(value: ConnectionEvents[E]) => void> };

/** The event side of a connection provider, for providers to share. */
export class ConnectionListeners {
  readonly #callbacks: Callbacks = { connected: new Set(), message: new Set(), disconnected: new Set() };

  on<E extends keyof ConnectionEvents>(
    event: E,
    callback: (value: ConnectionEvents[E]) => void,
  ): Unsubscribe {
    const callbacks: Set<(value: ConnectionEvents[E]) => void> = this.#callbacks[event];
    callbacks.add(callback);
    return () => {
      callbacks.delete(callback);
    };
  }

  emit<E extends keyof ConnectionEvents>(event: E, value: ConnectionEvents[E]): void {
    const callbacks: Set<(value: ConnectionEvents[E]) => void> = this.#callbacks[event];
    for (const callback of [...callbacks]) callback(value);
  }
}
