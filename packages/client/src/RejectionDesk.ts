import type { Rejection } from './engine/ports.js';
import type { Unsubscribe } from './utils/Listeners.js';
import { Listeners } from './utils/Listeners.js';
import type { Logger } from './utils/logger.js';

/**
 * Shows each refused write to the app once (DEV-7). What nobody listens for waits; what a listener throws on is not
 * shown, so it comes again after a restart.
 */
export class RejectionDesk {
  readonly #listeners: Listeners<Rejection>;
  readonly #shown: (id: string) => void;
  /** Bounded by the number of ops that were pending: each is a refused one of them. */
  #waiting: Rejection[] = [];

  constructor(logger: Logger, shown: (id: string) => void) {
    this.#listeners = new Listeners('rejection', logger);
    this.#shown = shown;
  }

  on(callback: (rejection: Rejection) => void): Unsubscribe {
    const remove = this.#listeners.add(callback);
    queueMicrotask(() => this.#show());
    return remove;
  }

  add(rejection: Rejection): void {
    this.#waiting.push(rejection);
    this.#show();
  }

  #show(): void {
    if (this.#listeners.size === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const rejection of waiting) {
      if (this.#listeners.emit(rejection)) this.#shown(rejection.id);
    }
  }
}
