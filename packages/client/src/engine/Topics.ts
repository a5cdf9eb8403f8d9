import type {
  DeviceMessage,
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

/** A topic on the connection. */
interface Open {
  /** of what was wanted last */
  at: number;
  /** where the next connection goes on */
  since?: TopicPlace | undefined;
  last?: number | undefined;
  state?: unknown;
  /** the server has ended it, or could not give it yet: asked for again when somebody wants it, or soon */
  isAway?: boolean | undefined;
}

/** Topic subscriptions of all realms on one connection, and messages that wait for one. Nothing is stored. */
export class Topics {
  readonly #fx: ClientEffects;
  #topics = new Map<string, Open>();
  #waiting: TopicPubMessage[] = [];
  #isOpen = false;

  constructor(fx: ClientEffects) {
    this.#fx = fx;
  }

  want(wants: ReadonlyMap<string, readonly TopicWant[]>): void {
    const before = this.#topics;
    this.#topics = new Map();
    for (const [topic, all] of wants) {
      const known = before.get(topic);
      const open: Open = known ?? { at: -1 };
      this.#topics.set(topic, open);
      let { at } = open;
      let since: TopicPlace | undefined;
      let last: number | undefined;
      let saidAt = -1;
      for (const want of all) {
        if (want.state !== undefined && want.at > saidAt) {
          saidAt = want.at;
          open.state = want.state;
        }
        if (want.at <= open.at) continue;
        since = older(since, known ? want.since : (want.place ?? want.since));
        last ??= want.last;
        at = Math.max(at, want.at);
      }
      if (at === open.at) continue;
      // What is heard already goes on where it is, unless somebody wants more of it.
      const more = { ...open, since: since && older(open.since, since), last };
      Object.assign(open, { at, since: older(open.since, since), last });
      this.#ask(topic, open, more);
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
    for (const [topic, open] of this.#topics) this.#ask(topic, open);
    for (const message of this.#waiting) this.#fx.send(message);
    this.#waiting = [];
  }

  close(): void {
    this.#isOpen = false;
  }

  /** The next connection goes on from here. */
  came(message: TopicMsgMessage | TopicHeardMessage): void {
    const { topic, epoch, offset = 0 } = message;
    const open = this.#topics.get(topic);
    if (open && epoch !== undefined) open.since = [epoch, offset];
  }

  /** Whether an error is about a topic, and nothing else waits for it. What the server cannot give now is asked for again later. */
  error({ code, ref = '', retryAfterMs = LATER_MS }: ErrorMessage): boolean {
    if (!ref.startsWith(REF)) return false;
    const open = this.#topics.get(ref.slice(REF.length));
    if (open && code !== 'DENIED' && code !== 'VALUE_NOT_ADMITTED') {
      open.isAway = true;
      this.#fx.arm('topics', retryAfterMs);
    }
    return code !== 'RATE';
  }

  retry(): void {
    for (const [topic, open] of this.#topics) if (open.isAway) this.#ask(topic, open);
  }

  #ask(topic: string, open: Open, { since, last, state }: Partial<Open> = open): void {
    open.isAway = false;
    this.#send({
      type: 'TOPIC_SUB',
      topic,
      ...(since ? { since } : last !== undefined && { last }),
      ...(state !== undefined && { state }),
    });
  }

  #send(message: DeviceMessage): void {
    if (this.#isOpen) this.#fx.send(message);
  }
}

/** Of two places the one that shows more. */
const older = (a: TopicPlace | undefined, b: TopicPlace | undefined): TopicPlace | undefined =>
  a && (!b || a[0] !== b[0] || a[1] <= b[1]) ? a : b;

/** A message of this device, on its way to the server. */
export const toPublish = ({ topic, data, id, name }: TopicMsgMessage): TopicPubMessage =>
  name === undefined ? { type: 'TOPIC_PUB', topic, data, id } : { type: 'TOPIC_PUB', topic, data, id, name };
