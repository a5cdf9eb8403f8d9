import type { Logger } from './logger.js';

/** Ends a subscription; calling it twice does nothing. */
export type Unsubscribe = () => void;

/**
 * Callbacks of the app for one kind of event. A callback that throws is logged and does not keep the others from
 * being called; one that is removed during a round is not called any more in that round.
 */
export class Listeners<T> {
  readonly #callbacks = new Map<object, (value: T) => void>();
  readonly #logger: Logger;
  readonly #event: string;

  constructor(event: string, logger: Logger) {
    this.#event = event;
    this.#logger = logger;
  }

  get size(): number {
    return this.#callbacks.size;
  }

  /** The same function may be added several times; each addition is ended by its own return value. */
  add(callback: (value: T) => void): Unsubscribe {
    const id = {};
    this.#callbacks.set(id, callback);
    return () => {
      this.#callbacks.delete(id);
    };
  }

  /** Calls everybody; false when one of them threw. */
  emit(value: T): boolean {
    let clean = true;
    for (const id of [...this.#callbacks.keys()]) {
      try {
        this.#callbacks.get(id)?.(value);
      } catch (error) {
        clean = false;
        this.#logger.error({ error, event: this.#event }, 'a listener of the app threw');
      }
    }
    return clean;
  }

  clear(): void {
    this.#callbacks.clear();
  }
}
