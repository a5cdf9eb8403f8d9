import { LIMITS } from '@topgun/protocol';
import type { TopicMessage } from '../topics/ports.js';
import type { Heard } from './envelope.js';
import type { Page, Tails } from './LogCalls.js';

/** What a line asks of its bus. */
export interface LineOwner {
  /** Delivers it, unless this node has had it under its id. */
  deliver(message: TopicMessage): void;
  /** Whether this node has had a message of this id lately. */
  hasHad(topic: string, id: string): boolean;
  /** since when it knows all ids that it has had, ms since the epoch of Unix */
  knowsSinceMs(): number;
  /** Read the log behind `after`, in whatever epoch, and hand it to `filled`. */
  fill(topic: string, after: number): void;
  lost(topic: string): void;
  /** a message came in a place that lay behind the line already */
  wentBack(topic: string): void;
}

/** As far back as a new epoch may hold messages that were accepted before and lost. */
const REWIND = LIMITS.busAcceptedMs * 2048;

/**
 * What this node has heard of one logged topic. Each live message names the one before it, so whatever was lost on the way is noticed at the next
 * one, and read from the log: what follows is held back meanwhile. The last one of a topic has none behind it; for it the line is compared with
 * the end of the log whenever a connection is new.
 */
export class TopicLine {
  readonly #topic: string;
  readonly #owner: LineOwner;
  #epoch: string | undefined;
  #last = 0;
  /** live messages that wait for the log; undefined: nothing does */
  #held: Heard[] | undefined = [];
  #hasOverflown = false;
  #onOpen: (() => void)[] = [];
  #isOpen = false;
  /** offset of the time at which it was listened to */
  readonly #joinedAt: number;
  /** nobody served it then, or whoever did was gone before the subscription stood */
  #isLate = false;

  constructor(topic: string, owner: LineOwner, joinedAt: number) {
    this.#topic = topic;
    this.#owner = owner;
    this.#joinedAt = joinedAt;
  }

  get epoch(): string {
    return this.#epoch ?? '';
  }

  get last(): number {
    return this.#last;
  }

  /** Whether what comes is delivered at once. */
  get isLive(): boolean {
    return this.#held === undefined;
  }

  /** Resolves when the subscription stands and the line has its first place, or when Redis is away. */
  opened(): Promise<void> {
    return this.#isOpen ? Promise.resolve() : new Promise((resolve) => this.#onOpen.push(resolve));
  }

  /** Nothing live comes any more; what was held will be read. */
  pause(): void {
    this.#isLate ||= this.#epoch === undefined;
    this.#held = [];
    this.#release();
    this.#isOpen = false;
  }

  /** The subscription stands, and the log of this topic ends at `last` now. */
  stands({ epoch, since }: Tails, last: number): void {
    this.#isOpen = true;
    // Who joined while Redis was away hears what was accepted since; who joins now, what comes. The line has no place before that is read.
    if (this.#epoch === undefined && this.#isLate) this.#owner.fill(this.#topic, this.#joinedAt);
    else if (this.#epoch === undefined) {
      this.#epoch = epoch;
      const first = this.#held?.[0];
      if (first?.message.epoch === epoch) {
        // It may be the answer to one's own publishing, from before the subscription: what followed it then was not heard.
        this.#last = first.previous ?? 0;
        this.#owner.fill(this.#topic, this.#last);
      } else {
        this.#last = last;
        this.#flush();
      }
    } else if (this.#epoch === epoch && last === this.#last) this.#flush();
    else {
      this.#held ??= [];
      if (this.#epoch !== epoch && since > this.#last && this.#last > 0) this.#owner.lost(this.#topic);
      this.#owner.fill(this.#topic, this.#epoch === epoch ? this.#last : this.#rewound());
    }
    this.#release();
  }

  /** A live message, or the answer to one's own publishing. */
  hear(heard: Heard): void {
    if (this.#held !== undefined) {
      if (this.#held.length < LIMITS.busHeldCount) this.#held.push(heard);
      else this.#hasOverflown = true;
      return;
    }
    const { message, previous = 0 } = heard;
    if (message.epoch !== this.#epoch) {
      this.#hold(heard, this.#rewound());
    } else if (message.offset <= this.#last) {
      if (this.#owner.hasHad(this.#topic, message.id)) return;
      this.#owner.deliver(message);
      this.#owner.wentBack(this.#topic);
    } else if (previous <= this.#last) {
      this.#last = message.offset;
      this.#owner.deliver(message);
    } else this.#hold(heard, this.#last);
  }

  /** What the log holds behind the offset that was asked for. */
  filled(page: Page): void {
    // Of what the log has dropped, this line had all up to its own place.
    if (page.dropped > this.#last && this.#last > 0) this.#owner.lost(this.#topic);
    if (page.latest.epoch !== this.#epoch) {
      // Offsets of two epochs cannot be compared: the new one may have gone on from below.
      this.#epoch = page.latest.epoch;
      this.#last = 0;
    }
    for (const message of page.messages) {
      this.#last = Math.max(this.#last, message.offset);
      this.#owner.deliver(message);
    }
    if (page.hasMore) return this.#owner.fill(this.#topic, page.end);
    this.#last = Math.max(this.#last, page.latest.offset);
    this.#flush();
  }

  /** Lost messages that were accepted again may lie behind the last one, if the clock of the new master is behind. */
  #rewound(): number {
    const known = Math.min(this.#last, this.#owner.knowsSinceMs() * 2048);
    return Math.max(0, this.#last - REWIND, known);
  }

  #hold(heard: Heard, after: number): void {
    this.#held = [heard];
    this.#owner.fill(this.#topic, after);
  }

  /** The log was read: whatever of it is not in what was held is not to be had. */
  #flush(): void {
    const held = this.#held ?? [];
    if (this.#hasOverflown) {
      this.#hasOverflown = false;
      this.#held = [];
      return this.#owner.fill(this.#topic, this.#last);
    }
    this.#held = undefined;
    for (const { message } of held) {
      if (message.epoch === this.#epoch) this.#last = Math.max(this.#last, message.offset);
      this.#owner.deliver(message);
    }
  }

  #release(): void {
    const waiting = this.#onOpen;
    this.#onOpen = [];
    for (const resolve of waiting) resolve();
  }
}
