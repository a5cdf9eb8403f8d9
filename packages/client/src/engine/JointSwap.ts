import type { ServerMessage } from '@topgun/protocol';
import * as LIMITS from '@topgun/protocol/limits';
import type { Feed } from './Feeds.js';

/** A feed waits for an answer, and there is something on the device that this answer may change. */
const isBehind = ({ askedAtMs, isReady, isEmpty }: Feed): boolean =>
  askedAtMs !== undefined && !isReady && !isEmpty;

/**
 * What keeps transactions whole where several maps and queries are brought up to date (RES-6). As long as one of those that hold
 * something is on its way, base stays at the one state it shows: what the walks and catch-ups of the others have found waits for it, and
 * so does what the server says meanwhile. Then everything goes in, in one step and in the order it came; each root is compared where it
 * was said: a walk during which rows changed finds all of them only together with the messages before its end. Whatever holds nothing keeps
 * nobody waiting: that something is absent there says nothing yet.
 */
export class JointSwap {
  readonly #feeds: () => Iterable<Feed>;
  readonly #take: (message: ServerMessage) => void;
  #waiting: ServerMessage[] = [];
  #readyAt: ReadonlyMap<Feed, number> = new Map();
  #count = 0;
  /** So much has come that nothing is waited for any more, until all have arrived: rows show as they come. */
  #isLoose = false;

  /** `take` gives a message to the feed it is for. */
  constructor(feeds: () => Iterable<Feed>, take: (message: ServerMessage) => void) {
    this.#feeds = feeds;
    this.#take = take;
  }

  /** Whether base stays as it is until others have come. */
  get isHeld(): boolean {
    return !this.#isLoose && this.#isAnyBehind;
  }

  /** Takes a message that goes on from what a feed has, to be given to it later; false when it is to be taken now. */
  keeps(message: ServerMessage): boolean {
    const count = rowsIn(message);
    if (count === undefined || !this.isHeld) return false;
    this.#count += 1 + count;
    this.#waiting.push(message);
    this.#isLoose = this.#count > LIMITS.heldRows;
    return true;
  }

  /** Something has come further, or gone: what may go in now does. */
  moved(): void {
    let ready = this.#ready();
    while (!this.isHeld && ready.size + this.#waiting.length > 0) {
      const due = this.#waiting;
      this.clear();
      for (const feed of ready.keys()) feed.swap();
      const failed: Feed[] = [];
      for (const [i, message] of [...due, undefined].entries()) {
        // One that was asked again meanwhile is on its way once more.
        for (const [feed, at] of ready)
          if (at === i && feed.askedAtMs === undefined && !feed.prove()) failed.push(feed);
        if (message) this.#take(message);
      }
      // At the very end: what others wait for must not be torn apart.
      for (const feed of failed) if (feed.askedAtMs === undefined) feed.again();
      ready = this.#ready();
    }
    if (!this.#isAnyBehind) this.#isLoose = false;
  }

  /** Feeds that are ready, and how many messages waited when each of them became so: what it brought has these in it. */
  #ready(): ReadonlyMap<Feed, number> {
    const ready = new Map<Feed, number>();
    for (const feed of this.#feeds())
      if (feed.isReady) ready.set(feed, this.#readyAt.get(feed) ?? this.#waiting.length);
    this.#readyAt = ready;
    return ready;
  }

  /** The connection is gone, and what came over it is worth nothing without the rest. */
  clear(): void {
    this.#waiting = [];
    this.#count = 0;
  }

  get #isAnyBehind(): boolean {
    return [...this.#feeds()].some(isBehind);
  }
}

/** Rows of a message that goes on from what a feed has; undefined for all others. */
function rowsIn(message: ServerMessage): number | undefined {
  switch (message.type) {
    case 'SERVER_EVENT':
      return message.parts.reduce((count, [, , , , , rows]) => count + rows.length, 0);
    case 'QUERY_UPDATE':
      return message.changes.length;
    case 'GC_PRUNE':
      return 0;
    case 'CURSOR':
      return message.req === undefined ? 0 : undefined;
    default:
  }
  return undefined;
}
