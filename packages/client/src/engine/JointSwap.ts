import type { ServerMessage } from '@topgun/protocol';
import * as LIMITS from '@topgun/protocol/limits';
import type { Feed } from './Feeds.js';

/** A feed waits for an answer, and there is something on the device that this answer may change. */
const isBehind = ({ askedAtMs, isReady, isEmpty }: Feed): boolean =>
  askedAtMs !== undefined && !isReady && !isEmpty;

/**
 * What keeps transactions whole where several maps and queries are brought up to date (RES-6). As long as one of those that hold
 * something is on its way, base stays at the one state it shows: what the walks and catch-ups of the others have found waits for it, and
 * so does what the server says meanwhile. Then everything goes in, in one step and in the order it came. Whatever holds nothing keeps
 * nobody waiting: that something is absent there says nothing yet.
 */
export class JointSwap {
  readonly #feeds: () => Iterable<Feed>;
  readonly #take: (message: ServerMessage) => void;
  #waiting: ServerMessage[] = [];
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
    while (!this.isHeld) {
      for (const feed of this.#feeds()) if (feed.isReady) feed.swap();
      const due = this.#waiting;
      this.clear();
      for (const message of due) this.#take(message);
      if (due.length === 0) break;
    }
    if (!this.#isAnyBehind) this.#isLoose = false;
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
