import { valueToJson } from '@topgun/protocol';
import { outboxNames, type Subscription } from '../../engine/outbox/Delivery.js';
import type { EventText } from '../../engine/outbox/Outbox.js';
import type { Position, SharedMessage, Subscriber, TopicMessage, Topics } from '../../topics/ports.js';
import type { Logger } from '../../utils/logger.js';

export interface TopicTapsParts {
  readonly topics: () => Topics | undefined;
  /** Makes a delivery, and stores with it how far the topic has been heard. */
  readonly tell: (
    to: string,
    event: EventText,
    place: readonly [name: string, value: Position] | undefined,
  ) => void;
  /** Stores how far a topic has been heard; null forgets it. */
  readonly stage: (name: string, place: Position | null) => void;
  /** Whether this node sees to a subscription: in a cluster one does (CLU-26). */
  readonly isOurs: (subscription: string) => boolean;
  readonly logger: Pick<Logger, 'warn'>;
}

/** Hears the topics of the subscriptions, as those who made them may (HOOK-24). */
export class TopicTaps {
  readonly #parts: TopicTapsParts;
  readonly #places = new Map<string, Position>();
  readonly #taps = new Map<string, Tap>();

  constructor(parts: TopicTapsParts) {
    this.#parts = parts;
  }

  /** Facts that are durable now; null: taken back. */
  stored(facts: Iterable<readonly [name: string, value: unknown]>): void {
    for (const [name, value] of facts) {
      if (!outboxNames.isPlace(name)) continue;
      if (value === null) this.#places.delete(name);
      // Written by a tap.
      else this.#places.set(name, value as Position);
    }
  }

  /** The subscriptions are these now: what is new is heard, what is not among them no more. */
  follow(subscriptions: Iterable<Subscription>): void {
    const topics = this.#parts.topics();
    if (topics === undefined) return;
    const wanted = new Map<string, { readonly subscription: Subscription; readonly topic: string }>();
    const known = new Set<string>();
    for (const subscription of subscriptions)
      for (const topic of subscription.topics) {
        const name = outboxNames.place(subscription.id, topic);
        known.add(name);
        if (subscription.goneMs === undefined && this.#parts.isOurs(subscription.id))
          wanted.set(name, { subscription, topic });
      }
    for (const [name, tap] of this.#taps) {
      if (wanted.has(name)) continue;
      topics.unsubscribe(tap.topic, tap);
      this.#taps.delete(name);
    }
    for (const name of this.#places.keys()) if (!known.has(name)) this.#parts.stage(name, null);
    for (const [name, { subscription, topic }] of wanted)
      if (!this.#taps.has(name)) void this.#open(topics, name, subscription, topic);
  }

  stop(): void {
    const topics = this.#parts.topics();
    for (const tap of this.#taps.values()) topics?.unsubscribe(tap.topic, tap);
    this.#taps.clear();
  }

  async #open(topics: Topics, name: string, { id, by }: Subscription, topic: string): Promise<void> {
    const isLogged = topics.isLogged(topic);
    const tap = new Tap(topic, by, {
      heard: ({ message }) => {
        const { epoch, offset } = message;
        const place = isLogged && epoch !== '' ? ([name, { epoch, offset }] as const) : undefined;
        this.#parts.tell(id, eventOf(message), place);
      },
      over: () => this.#taps.delete(name),
    });
    this.#taps.set(name, tap);
    const since = this.#places.get(name);
    try {
      const { position } = await topics.subscribe(topic, tap, {
        echo: true,
        ...(isLogged && since !== undefined && { since }),
      });
      // What is said before the next message, while nobody runs, must not be missed.
      if (isLogged && since === undefined && this.#taps.get(name) === tap) this.#parts.stage(name, position);
    } catch (error) {
      this.#taps.delete(name);
      this.#parts.logger.warn({ err: error, subscription: id, topic }, 'a webhook cannot hear its topic');
    }
  }
}

interface TapListener {
  readonly heard: (shared: SharedMessage) => void;
  readonly over: () => void;
}

/** What is heard is told after the turn in which it is heard: the engine may be in the middle of it. */
class Tap implements Subscriber {
  readonly topic: string;
  readonly principal: Subscription['by'];
  readonly #on: TapListener;

  constructor(topic: string, principal: Subscription['by'], on: TapListener) {
    this.topic = topic;
    this.principal = principal;
    this.#on = on;
  }

  deliver(shared: SharedMessage): void {
    queueMicrotask(() => this.#on.heard(shared));
  }

  lost(): void {
    // What is lost cannot be told; what follows is.
  }

  ended(): void {
    this.#on.over();
  }
}

function eventOf({ topic, id, name, data, from, ts }: TopicMessage): EventText {
  // It may have come over a binary socket, with values that JSON has no word for.
  return { type: 'topic.message', data: { topic, id, name, data: valueToJson(data), from, ts } };
}
