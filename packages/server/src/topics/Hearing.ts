import { LIMITS } from '@topgun/protocol';
import type { View } from '../security/policy/View.js';
import { roughBytes } from './partsOf.js';
import type { Position, Subscriber, TopicMessage } from './ports.js';
import { SharedTopicMessage } from './SharedTopicMessage.js';

/** The place of a message without a log. */
export const NOWHERE: Position = { epoch: '', offset: 0 };

export interface HearingParts {
  readonly topic: string;
  readonly subscriber: Subscriber;
  readonly view: View;
  readonly echo: boolean;
  /** live messages held while the history is read */
  readonly heldMax: number;
  /** the last message that it has heard, in an earlier life */
  readonly since: Position | undefined;
}

/**
 * One subscriber's hearing of one topic. While its history is read, live messages are held back. The history is told up to the first of
 * them, then they follow, and from then on it hears like everybody else (HUB-4).
 */
export class Hearing {
  // What every delivery looks at comes first, and lies together in memory: with many subscribers each line of it has to be fetched.
  readonly subscriber: Subscriber;
  /** the last message told, or passed over, before it hears live */
  #told: Position | undefined;
  readonly #echo: boolean;
  readonly topic: string;
  /** through which it sees messages, by its rights of now */
  view: View;
  /** signature of the view of those it hears together with; undefined while its history is read */
  audience: string | undefined;
  /** it was ended, or another one took its place */
  isOver = false;
  /** messages were lost while its history was being read */
  hasLost = false;
  readonly #heldMax: number;
  /** live messages that wait for the history; undefined once it hears live */
  #held: TopicMessage[] | undefined = [];
  #heldBytes = 0;
  #hasOverflowed = false;
  /** the first live message that came by, held or its own: the history ends before it */
  #firstLive: Position | undefined;
  /** the last of its own that came by */
  #lastOwn: Position | undefined;
  /** its own messages that came by meanwhile, and are not to come out of the log */
  #own: Set<string> | undefined;

  constructor(parts: HearingParts) {
    this.topic = parts.topic;
    this.subscriber = parts.subscriber;
    this.view = parts.view;
    this.#echo = parts.echo;
    this.#heldMax = parts.heldMax;
    this.#told = parts.since;
  }

  get isLive(): boolean {
    return this.#held === undefined;
  }

  get told(): Position {
    return this.#told ?? NOWHERE;
  }

  /** Whether a message is its own and does not come back. */
  skips(by: Subscriber | undefined): boolean {
    return by === this.subscriber && !this.#echo;
  }

  /** Whether a message has been told, or passed over, already. One that has no place yet is always new. */
  knows({ epoch, offset }: Position): boolean {
    if (epoch === '') return false;
    const told = this.#told;
    return told !== undefined && offset <= told.offset && epoch === told.epoch;
  }

  /** A live message, while the history is read. */
  hold(message: TopicMessage, by: Subscriber | undefined): void {
    if (this.#held === undefined || this.knows(message)) return;
    const { epoch, offset } = message;
    if (epoch !== '') this.#firstLive ??= { epoch, offset };
    if (this.skips(by)) {
      if (epoch !== '') this.#lastOwn = { epoch, offset };
      this.#own ??= new Set();
      if (this.#own.size < LIMITS.topicHeldMessages) this.#own.add(message.id);
    } else if (this.#held.length < this.#heldMax && this.#heldBytes < LIMITS.topicPartBytes) {
      this.#held.push(message);
      this.#heldBytes += roughBytes(message.data);
    } else this.#hasOverflowed = true;
  }

  /** A page of the history, in order. Whether it reaches up to the messages that are held. */
  tell(messages: readonly TopicMessage[], isOwn: (message: TopicMessage) => boolean): boolean {
    const first = this.#firstLive;
    for (const message of messages) {
      if (first !== undefined && message.epoch === first.epoch && message.offset >= first.offset) return true;
      this.#note(message);
      if (this.#own?.has(message.id) !== true && !isOwn(message)) this.#deliver(message);
    }
    return false;
  }

  /**
   * The history has been told up to the held messages or, where there are none, up to `latest`. True when it hears live from now on; false
   * when more came by meanwhile than could be held: the log is to be read again, after what has been told.
   */
  caughtUp(latest: Position): boolean {
    const held = this.#held ?? [];
    if (this.#firstLive === undefined) this.#note(latest);
    for (const message of held) {
      if (this.knows(message)) continue;
      this.#note(message);
      this.#deliver(message);
    }
    if (!this.#hasOverflowed) {
      const own = this.#lastOwn;
      if (own !== undefined && !this.knows(own)) this.#note(own);
      this.goLive();
      return true;
    }
    this.#hasOverflowed = false;
    this.#held = [];
    this.#heldBytes = 0;
    this.#firstLive = undefined;
    return false;
  }

  /** Nothing is to be told before what comes now. */
  goLive(): void {
    this.#held = undefined;
    this.#own = undefined;
  }

  end(): void {
    this.isOver = true;
    this.goLive();
  }

  /** A copy: a message may be large. */
  #note({ epoch, offset }: Position): void {
    if (epoch !== '') this.#told = { epoch, offset };
  }

  #deliver(message: TopicMessage): void {
    const seen = seenThrough(this.view, message);
    if (seen !== undefined) this.subscriber.deliver(new SharedTopicMessage(seen));
  }
}

/** A message through a view; undefined where it is not seen. */
export function seenThrough(view: View, message: TopicMessage): TopicMessage | undefined {
  const data = view.project(message.data);
  if (data === undefined) return undefined;
  return data === message.data ? message : { ...message, data };
}
