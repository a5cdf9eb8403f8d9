import { LIMITS } from '@topgun/protocol';
import type { LogPage } from '../../topics/log/PostgresLog.js';
import type { TopicMessage } from '../../topics/ports.js';

/** A message with its place, and the offset of the one before it in its topic. */
export interface PlacedMessage {
  readonly message: TopicMessage;
  readonly previous: number;
}

/** What a line asks of its bus. */
export interface LinkLineOwner {
  deliver(message: TopicMessage): void;
  /** Read the log behind an offset, in whatever epoch; `filled` or `failed` follows. */
  fill(line: LinkLine, after: number): void;
  lost(topic: string): void;
  /** It waits for a message that is on its way, or lost: `look` is to be called from time to time, until `isGapped` is false. */
  gapped(line: LinkLine): void;
}

/**
 * What a node has heard of one logged topic: each message once, in the order of the log, from whatever node it comes. Nodes append in turns and say so over links of
 * their own, so that a message often comes before the one before it: it waits a moment. What does not come by then is read from the log.
 *
 * Unlike with Redis, places of one epoch never go back, for PostgreSQL gives them in the order of commits.
 */
export class LinkLine {
  readonly topic: string;
  readonly #owner: LinkLineOwner;
  #epoch: string | undefined;
  #last = 0;
  /** by rising offset; all of them behind `last`, or of another epoch */
  readonly #held: PlacedMessage[] = [];
  #hasOverflown = false;
  #isFilling = false;
  /** when the log is to be read; undefined: nothing is missing */
  #dueMs: number | undefined;
  #onOpen: (() => void)[] = [];

  constructor(topic: string, owner: LinkLineOwner) {
    this.topic = topic;
    this.#owner = owner;
  }

  get last(): number {
    return this.#last;
  }

  get isGapped(): boolean {
    return this.#dueMs !== undefined;
  }

  /** Resolves when the line has its first place. */
  opened(): Promise<void> {
    return this.#epoch === undefined
      ? new Promise((resolve) => this.#onOpen.push(resolve))
      : Promise.resolve();
  }

  /** Nobody listens any more. */
  end(): void {
    this.#held.length = 0;
    this.#dueMs = undefined;
    this.#release();
  }

  /** The log ends at this place, or did a moment ago; whatever comes later is told by all nodes. */
  stands(epoch: string, last: number, nowMs: number): void {
    if (this.#epoch === undefined) {
      this.#epoch = epoch;
      // Who publishes before that has heard of it hears it too.
      const first = this.#held[0];
      this.#last = first === undefined ? last : Math.min(last, first.previous);
    }
    this.#deliverHeld(nowMs);
    if (epoch !== this.#epoch || last > this.#last) this.#fill();
    this.#release();
  }

  /** One comes. */
  hear(placed: PlacedMessage, nowMs: number): void {
    const { epoch, offset } = placed.message;
    if (epoch === this.#epoch && offset <= this.#last) return;
    if (this.#held.length >= LIMITS.busHeldCount) {
      this.#hasOverflown = true;
      return;
    }
    let at = this.#held.length;
    while (at > 0 && (this.#held[at - 1] as PlacedMessage).message.offset > offset) at--;
    this.#held.splice(at, 0, placed);
    this.#deliverHeld(nowMs);
  }

  /** What the log holds behind the offset that was asked for. */
  filled(page: LogPage, nowMs: number): void {
    this.#isFilling = false;
    // Of what the log has dropped, this line had all up to its own place.
    if (page.dropped > this.#last && this.#last > 0) this.#owner.lost(this.topic);
    this.#epoch = page.latest.epoch;
    for (const message of page.messages) {
      if (message.offset <= this.#last) continue;
      this.#last = message.offset;
      this.#owner.deliver(message);
    }
    if (page.hasMore) return this.#fill();
    this.#last = Math.max(this.#last, page.latest.offset);
    this.#deliverHeld(nowMs);
    if (!this.#hasOverflown) return;
    this.#hasOverflown = false;
    this.#fill();
  }

  /** The log could not be read. */
  failed(nowMs: number): void {
    this.#isFilling = false;
    this.#wait(nowMs + LIMITS.linkVerifyMs);
  }

  /** Reads the log if what is missing has not come in time. `nowMs` never goes back. */
  look(nowMs: number): void {
    if (this.#dueMs !== undefined && nowMs >= this.#dueMs) this.#fill();
  }

  #deliverHeld(nowMs: number): void {
    if (this.#epoch === undefined) return;
    let taken = 0;
    let isOther = false;
    for (const { message, previous } of this.#held) {
      isOther = message.epoch !== this.#epoch;
      if (isOther || (message.offset > this.#last && previous > this.#last)) break;
      taken++;
      if (message.offset <= this.#last) continue;
      this.#last = message.offset;
      this.#owner.deliver(message);
    }
    this.#held.splice(0, taken);
    if (isOther) this.#fill();
    else if (this.#held.length === 0) this.#dueMs = undefined;
    else if (taken > 0 || this.#dueMs === undefined) this.#wait(nowMs + LIMITS.linkReorderMs);
  }

  #wait(untilMs: number): void {
    this.#dueMs = untilMs;
    if (!this.#isFilling) this.#owner.gapped(this);
  }

  #fill(): void {
    this.#dueMs = undefined;
    if (this.#isFilling) return;
    this.#isFilling = true;
    this.#owner.fill(this, this.#last);
  }

  #release(): void {
    const waiting = this.#onOpen;
    this.#onOpen = [];
    for (const resolve of waiting) resolve();
  }
}
