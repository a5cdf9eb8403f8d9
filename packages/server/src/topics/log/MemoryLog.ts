import { LIMITS } from '@topgun/protocol';
import type { Draft, History, LogStore, Position, Retention, TopicMessage } from '../ports.js';
import { DueTopics } from './DueTopics.js';
import { expiryOf, forgetAt, isKnown, isOver, logFull, startOf, topicFull, withOneMore } from './logRules.js';
import { sealMessage } from './messageCodec.js';
import { msOfOffset, type Offsets } from './Offsets.js';
import { Page } from './Page.js';

export interface MemoryLogOptions {
  /** opaque; another one for every log that begins empty */
  readonly epoch: string;
  /** shared by logs whose messages are to rise together */
  readonly offsets: Offsets;
  readonly wallMs: () => number;
  /** of all messages together, default `LIMITS.topicMemoryBytes` */
  readonly bytesMax?: number;
}

interface Held {
  readonly offset: number;
  readonly expiry: number;
  readonly sealed: Buffer;
}

interface Topic {
  readonly name: string;
  /** by rising offset */
  held: Held[];
  count: number;
  bytes: number;
  last: number;
  dropped: number;
}

/** The log of a node that keeps nothing: gone with the process, and its epoch with it. Rules LOG-n. */
export class MemoryLog implements LogStore {
  readonly #options: MemoryLogOptions;
  readonly #topics = new Map<string, Topic>();
  readonly #due = new DueTopics<Topic>();
  #messages = 0;
  #bytes = 0;
  #expired = 0;
  /** highest place of a topic that was forgotten */
  #forgotten = 0;
  #last = 0;

  constructor(options: MemoryLogOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    // It begins empty.
  }

  async append(draft: Draft, retention: Retention): Promise<TopicMessage> {
    const { epoch, offsets, wallMs, bytesMax = LIMITS.topicMemoryBytes } = this.#options;
    const nowMs = wallMs();
    const sealed = sealMessage(draft);
    const size = sealed.length;
    const topic = this.#topics.get(draft.topic) ?? this.#begin(draft.topic);
    if (retention.whenFull === 'refuse') {
      if (isOver(withOneMore(topic, size), retention)) this.#dropExpired(topic, nowMs);
      const next = withOneMore(topic, size);
      if (isOver(next, retention))
        throw this.#refused(topic, nowMs, topicFull(topic.name, next.count > retention.count, retention));
    }
    if (this.#bytes + size > bytesMax) throw this.#refused(topic, nowMs, logFull(bytesMax));
    const offset = offsets.next();
    const expiry = expiryOf(draft, retention, nowMs);
    topic.held.push({ offset, expiry, sealed });
    topic.last = offset;
    this.#last = offset;
    this.#count(topic, 1, size);
    if (retention.whenFull !== 'refuse') this.#trim(topic, retention);
    this.#due.add(topic, topic.count === 0 ? forgetAt(nowMs) : expiry);
    return { ...draft, epoch, offset };
  }

  async read(name: string, after: Position | undefined, limit: number): Promise<History> {
    const { epoch, wallMs } = this.#options;
    const topic = this.#topics.get(name);
    const nowMs = wallMs();
    const latest = { epoch, offset: topic?.last ?? this.#forgotten };
    const held = topic?.held ?? [];
    const page = new Page(name, epoch, nowMs, limit);
    if (after === undefined) {
      for (let index = held.length - 1; index >= 0; index--) if (!page.take(held[index] as Held)) break;
      return { messages: page.messages().reverse(), recovered: true, latest, hasMore: false };
    }
    let hasMore = false;
    for (let index = firstAfter(held, startOf(after, epoch)); index < held.length && !hasMore; index++)
      hasMore = !page.take(held[index] as Held);
    const isAllKnown = isKnown(after, epoch, topic?.dropped ?? this.#forgotten, this.#last);
    return { messages: page.messages(), recovered: isAllKnown && !page.hasExpired, latest, hasMore };
  }

  async sweep(nowMs: number): Promise<boolean> {
    let left: number = LIMITS.topicSweep;
    for (;;) {
      if (left <= 0) return true;
      const topic = this.#due.take(nowMs);
      if (topic === undefined) return false;
      left -= Math.max(1, topic.held.length);
      this.#dropExpired(topic, nowMs);
      if (topic.count > 0)
        this.#due.add(
          topic,
          topic.held.reduce((first, { expiry }) => Math.min(first, expiry), Infinity),
        );
      else this.#forget(topic, nowMs);
    }
  }

  stats(): ReturnType<LogStore['stats']> {
    return {
      topics: this.#topics.size,
      messages: this.#messages,
      bytes: this.#bytes,
      expired: this.#expired,
    };
  }

  async close(): Promise<void> {
    // Nothing of it stays.
  }

  #begin(name: string): Topic {
    const topic = { name, held: [], count: 0, bytes: 0, last: this.#forgotten, dropped: this.#forgotten };
    this.#topics.set(name, topic);
    return topic;
  }

  /** A topic that was begun for nothing goes again. */
  #refused(topic: Topic, nowMs: number, error: Error): Error {
    if (topic.count === 0) this.#due.add(topic, forgetAt(nowMs));
    return error;
  }

  #count(topic: Topic, messages: number, bytes: number): void {
    topic.count += messages;
    topic.bytes += bytes;
    this.#messages += messages;
    this.#bytes += bytes;
  }

  #trim(topic: Topic, retention: Retention): void {
    let gone = 0;
    for (; isOver(topic, retention); gone++) this.#drop(topic, topic.held[gone] as Held);
    topic.held.splice(0, gone);
  }

  #dropExpired(topic: Topic, nowMs: number): void {
    const stay: Held[] = [];
    for (const held of topic.held) {
      if (held.expiry > nowMs) stay.push(held);
      else {
        this.#drop(topic, held);
        this.#expired++;
      }
    }
    topic.held = stay;
  }

  #drop(topic: Topic, { offset, sealed }: Held): void {
    this.#count(topic, -1, -sealed.length);
    topic.dropped = Math.max(topic.dropped, offset);
  }

  /** Takes an empty topic out when its last message is old enough, else later. */
  #forget(topic: Topic, nowMs: number): void {
    if (nowMs - msOfOffset(topic.last) < LIMITS.topicForgetMs) {
      this.#due.add(topic, forgetAt(nowMs));
      return;
    }
    this.#topics.delete(topic.name);
    this.#forgotten = Math.max(this.#forgotten, topic.last);
  }
}

/** Index of the first message behind a place. */
function firstAfter(held: readonly Held[], offset: number): number {
  let low = 0;
  for (let high = held.length; low < high; ) {
    const middle = (low + high) >> 1;
    if ((held[middle] as Held).offset <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
