import { LIMITS } from '@topgun/protocol';
import type { TopicMessage } from '../ports.js';
import { openMessage } from './messageCodec.js';

/** A message as a log holds it. */
interface Held {
  readonly offset: number;
  /** ms since the epoch of Unix */
  readonly expiry: number;
  readonly sealed: Buffer;
}

/** What one reading of a topic gives: at most so many messages, and no more bytes than a message beyond the limit. */
export class Page {
  readonly #topic: string;
  readonly #epoch: string;
  readonly #nowMs: number;
  readonly #limit: number;
  readonly #messages: TopicMessage[] = [];
  #bytes = 0;
  /** whether it came upon what has expired */
  hasExpired = false;

  constructor(topic: string, epoch: string, nowMs: number, limit: number) {
    this.#topic = topic;
    this.#epoch = epoch;
    this.#nowMs = nowMs;
    this.#limit = Math.min(limit, LIMITS.topicPage);
  }

  /** False when there is no room for it; what has expired needs none. Throws STORE_CORRUPT. */
  take({ offset, expiry, sealed }: Held): boolean {
    if (expiry <= this.#nowMs) {
      this.hasExpired = true;
      return true;
    }
    if (this.#messages.length >= this.#limit || this.#bytes >= LIMITS.topicPageBytes) return false;
    this.#bytes += sealed.length;
    this.#messages.push(openMessage(sealed, this.#topic, { epoch: this.#epoch, offset }));
    return true;
  }

  /** In the order in which they were taken. */
  messages(): TopicMessage[] {
    return this.#messages;
  }
}
