import * as LIMITS from '@topgun/protocol/limits';
import type { ClientEffects } from './ports.js';

/** Topic subscriptions of all realms on one connection, and messages that wait for one. Nothing is stored. */
export class Topics {
  readonly #fx: ClientEffects;
  #topics = new Set<string>();
  #waiting: (readonly [topic: string, data: unknown])[] = [];
  #isOpen = false;

  constructor(fx: ClientEffects) {
    this.#fx = fx;
  }

  want(topics: ReadonlySet<string>): void {
    const before = this.#topics;
    this.#topics = new Set(topics);
    if (!this.#isOpen) return;
    for (const topic of before) if (!topics.has(topic)) this.#fx.send({ type: 'TOPIC_UNSUB', topic });
    for (const topic of topics) if (!before.has(topic)) this.#fx.send({ type: 'TOPIC_SUB', topic });
  }

  /** Sends now, or when there is a connection; of too many waiting ones the oldest are dropped. */
  publish(topic: string, data: unknown): void {
    if (this.#isOpen) this.#fx.send({ type: 'TOPIC_PUB', topic, data });
    else this.#waiting = [...this.#waiting.slice(1 - LIMITS.topicQueue), [topic, data]];
  }

  open(): void {
    this.#isOpen = true;
    for (const topic of this.#topics) this.#fx.send({ type: 'TOPIC_SUB', topic });
    for (const [topic, data] of this.#waiting) this.#fx.send({ type: 'TOPIC_PUB', topic, data });
    this.#waiting = [];
  }

  close(): void {
    this.#isOpen = false;
  }
}
