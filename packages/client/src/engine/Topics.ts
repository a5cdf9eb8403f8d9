import type {
  ClientMessage,
  ErrorMessage,
  TopicHeardMessage,
  TopicMsgMessage,
  TopicPlace,
  TopicPubMessage,
} from '@topgun/protocol';
import * as LIMITS from '@topgun/protocol/limits';
import type { ClientEffects, TopicWant } from './ports.js';

/** What errors call a topic. */
const REF = 'topic ';
const LATER_MS = 5000;

/** A topic on the connection: as it was last wanted, but for the place, which goes on with what comes. */
interface Open extends Writable<TopicWant> {
  /** the server has ended it */
  over?: boolean | undefined;
}
type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Topic subscriptions of all realms on one connection, and messages that wait for one. Nothing is stored. */
export class Topics {
  readonly #fx: ClientEffects;
  #topics = new Map<string, Open>();
  /** those that the server could not give yet */
  readonly #refused = new Set<string>();
  #waiting: TopicPubMessage[] = [];
  #isOpen = false;

  constructor(fx: ClientEffects) {
    this.#fx = fx;
  }

  want(wants: ReadonlyMap<string, readonly TopicWant[]>): void {
    const before = this.#topics;
    this.#topics = new Map();
    for (const [topic, all] of wants) {
      const open: Open = before.get(topic) ?? { at: -1 };
      this.#topics.set(topic, open);
      const fresh = all.filter(({ at }) => at > open.at);
      const [first] = fresh;
      if (!first) continue;
      let { since, last } = first;
      for (const want of fresh) {
        since = older(since, want.since);
        last ??= want.last;
        open.at = Math.max(open.at, want.at);
      }
      open.state = all.reduce((a, b) => (b.state !== undefined && b.at >= a.at ? b : a)).state;
      open.over = false;
      // What is heard already goes on where it is, unless somebody wants more of it.
      this.#ask(topic, { since: since && older(open.since, since), last, state: open.state });
      open.since = older(open.since, since);
      open.last = last;
    }
    for (const topic of before.keys()) if (!wants.has(topic)) this.#send({ type: 'TOPIC_UNSUB', topic });
  }

  /** Sends now, or when there is a connection; of too many waiting ones the oldest are dropped. */
  publish(message: TopicPubMessage): void {
    if (this.#isOpen) this.#fx.send(message);
    else this.#waiting = [...this.#waiting.slice(1 - LIMITS.topicQueue), message];
  }

  open(): void {
    this.#isOpen = true;
    for (const [topic, open] of this.#topics) if (!open.over) this.#ask(topic, open);
    for (const message of this.#waiting) this.#fx.send(message);
    this.#waiting = [];
  }

  close(): void {
    this.#isOpen = false;
  }

  /** Where the next connection goes on. */
  came({ topic, epoch, offset = 0, ...message }: TopicMsgMessage | TopicHeardMessage): void {
    const open = this.#topics.get(topic);
    if (!open) return;
    if (epoch !== undefined) open.since = [epoch, offset];
    if (message.type === 'TOPIC_HEARD') open.over = message.over;
  }

  /** Whether an error is about a topic, and nothing else waits for it. What the server cannot give now is asked for again later. */
  error({ code, ref = '', retryAfterMs = LATER_MS }: ErrorMessage): boolean {
    if (!ref.startsWith(REF)) return false;
    if (code !== 'DENIED' && code !== 'VALUE_NOT_ADMITTED') {
      this.#refused.add(ref.slice(REF.length));
      this.#fx.arm('topics', retryAfterMs);
    }
    return code !== 'RATE';
  }

  retry(): void {
    for (const topic of this.#refused) {
      const open = this.#topics.get(topic);
      if (open) this.#ask(topic, open);
    }
    this.#refused.clear();
  }

  #ask(topic: string, { since, last, state }: Omit<TopicWant, 'at'>): void {
    this.#send({
      type: 'TOPIC_SUB',
      topic,
      ...(since ? { since } : last !== undefined && { last }),
      ...(state !== undefined && { state }),
    });
  }

  #send(message: ClientMessage): void {
    if (this.#isOpen) this.#fx.send(message);
  }
}

/** Of two places the one that shows more. */
const older = (a: TopicPlace | undefined, b: TopicPlace | undefined): TopicPlace | undefined =>
  a && (!b || a[0] !== b[0] || a[1] <= b[1]) ? a : b;

/** A message of this device, on its way to the server. */
export const toPublish = ({ topic, data, id, name }: TopicMsgMessage): TopicPubMessage =>
  name === undefined ? { type: 'TOPIC_PUB', topic, data, id } : { type: 'TOPIC_PUB', topic, data, id, name };
