import type { Unsubscribe } from '../utils/Listeners.js';
import { Listeners } from '../utils/Listeners.js';
import type { Logger } from '../utils/logger.js';
import type { HandleContext } from './HandleContext.js';

/** Who published a message, and when by the server's clock (ms since the epoch). */
export interface TopicMessageInfo {
  readonly timestamp: number;
  readonly publisherId: string;
}

/** Messages for whoever listens now; nothing is stored. Made by `client.topic(name)`. */
export class TopicHandle<T> {
  readonly name: string;
  readonly #context: HandleContext;
  readonly #listeners: Listeners<{ readonly data: T; readonly info: TopicMessageInfo }>;

  constructor(name: string, context: HandleContext, logger: Logger) {
    this.name = name;
    this.#context = context;
    this.#listeners = new Listeners(`topic ${name}`, logger);
  }

  /** Sends to all other subscribers. Throws `VALUE_NOT_ADMITTED` for data that cannot travel. */
  publish(data: T): void {
    this.#context.writable().topicPublish(this.name, data);
  }

  /** Calls back for every message of others, after each reconnection too; ends with the last subscriber. */
  subscribe(callback: (data: T, info: TopicMessageInfo) => void): Unsubscribe {
    if (this.#listeners.size === 0) this.#context.engine.topicSubscribe(this.name);
    const remove = this.#listeners.add(({ data, info }) => callback(data, info));
    return () => {
      const before = this.#listeners.size;
      remove();
      if (before > 0 && this.#listeners.size === 0) this.#context.engine.topicUnsubscribe(this.name);
    };
  }

  /** Called by the client for each message that arrived. */
  deliver(data: unknown, info: TopicMessageInfo): void {
    // What travels on a topic is an agreement between the apps that use it.
    this.#listeners.emit({ data: data as T, info });
  }
}
