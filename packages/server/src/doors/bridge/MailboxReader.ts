import { LIMITS } from '@topgun/protocol';
import type { Principal } from '../../security/PermissionPolicy.js';
import type { Position, SharedMessage, Subscriber, TopicMessage, Topics } from '../../topics/ports.js';

export interface MailboxReaderParts {
  readonly topics: Pick<Topics, 'subscribe' | 'unsubscribe' | 'history'>;
  readonly principal: Principal;
  /** names of the topics of the mailboxes */
  readonly mailboxes: readonly string[];
  /** only messages above it */
  readonly place: number;
  /** Takes a message, and says whether another one may follow now; if not, `goOn` is called when one may. `shared`: as it came live. */
  readonly write: (message: TopicMessage, shared?: SharedMessage) => boolean;
  /** all that was there at first has been written */
  readonly replayed: () => void;
  /** no more will be written: a right ended, the hub closed, or the log cannot be read */
  readonly ended: (error?: unknown) => void;
  /** resolves in a later turn of the event loop */
  readonly nextTurn: () => Promise<void>;
}

/** What was written of a mailbox. */
interface Progress {
  epoch: string;
  /** id of the last message written, or the place to begin after */
  seen: number;
}

/**
 * Reads mailboxes by rising id, without a gap and without a repeat, and never holds more than a page of each.
 *
 * It is either *live*: what the hub delivers is written at once; or it *reads*: rounds of reading the logs after what was written
 * last. What the hub delivers during a round is not kept, for the log has it: only the lowest such id is noted, and of what the round
 * found only what lies below it is written, so that the next round finds the rest in its order. A round that nothing was delivered
 * in ends the reading. Reading begins at the start, when the writer has caught up again, and when the bus has lost something (BRG-17, BRG-19).
 */
export class MailboxReader {
  readonly #parts: MailboxReaderParts;
  readonly #progress: Map<string, Progress>;
  readonly #subscriber: Subscriber;
  #state: 'opening' | 'waiting' | 'reading' | 'live' | 'closed' = 'opening';
  /** lowest id that was delivered while a round read */
  #delivered = Number.POSITIVE_INFINITY;
  #isReplayed = false;

  constructor(parts: MailboxReaderParts) {
    this.#parts = parts;
    this.#progress = new Map(parts.mailboxes.map((mailbox) => [mailbox, { epoch: '', seen: parts.place }]));
    this.#subscriber = {
      principal: parts.principal,
      deliver: (shared) => this.#deliver(shared),
      lost: () => this.#lost(),
      ended: () => this.#end(),
    };
  }

  get isClosed(): boolean {
    return this.#state === 'closed';
  }

  /** Hears the mailboxes; `goOn` begins to read. Throws what `Topics.subscribe` does. */
  async open(): Promise<void> {
    for (const [mailbox, progress] of this.#progress) {
      const { position } = await this.#parts.topics.subscribe(mailbox, this.#subscriber);
      progress.epoch = epochOf(position, mailbox);
      if (!this.isClosed) continue;
      // Closed while it waited.
      this.#parts.topics.unsubscribe(mailbox, this.#subscriber);
      return;
    }
    this.#state = 'waiting';
  }

  /** The writer takes messages, at first or again. */
  goOn(): void {
    if (this.#state === 'waiting') void this.#read();
  }

  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    for (const mailbox of this.#progress.keys()) this.#parts.topics.unsubscribe(mailbox, this.#subscriber);
  }

  #deliver(shared: SharedMessage): void {
    const { message } = shared;
    if (this.#state === 'reading') this.#delivered = Math.min(this.#delivered, message.offset);
    else if (this.#state === 'live' && !this.#write(message, shared) && !this.isClosed)
      this.#state = 'waiting';
  }

  #lost(): void {
    // What a round has read so far may lack it.
    if (this.#state === 'reading') this.#delivered = 0;
    else if (this.#state === 'live') void this.#read();
  }

  async #read(): Promise<void> {
    this.#state = 'reading';
    try {
      while (this.#state === 'reading') {
        const found = await this.#round();
        if (this.isClosed) return;
        const isComplete = found.horizon === Number.POSITIVE_INFINITY;
        const isTaken = found.messages.every(
          (message) => message.offset >= found.horizon || this.#write(message),
        );
        if (this.isClosed) return;
        if (!isTaken) this.#state = 'waiting';
        else if (isComplete) this.#goLive();
      }
    } catch (error) {
      this.#end(error);
    }
  }

  /** What the logs hold after what was written, by rising id; it is complete below the horizon. */
  async #round(): Promise<{ readonly messages: readonly TopicMessage[]; readonly horizon: number }> {
    const { topics, principal, nextTurn } = this.#parts;
    this.#delivered = Number.POSITIVE_INFINITY;
    let horizon = Number.POSITIVE_INFINITY;
    const pages = await Promise.all(
      [...this.#progress].map(async ([mailbox, progress]) => {
        const after = { epoch: progress.epoch, offset: progress.seen };
        const page = await topics.history(mailbox, principal, after, LIMITS.bridgePage);
        progress.epoch = epochOf(page.latest, mailbox);
        const last = page.messages.at(-1);
        if (page.hasMore && last !== undefined) horizon = Math.min(horizon, last.offset + 1);
        return page.messages;
      }),
    );
    // A message that one of the logs showed already may not have been delivered yet, and neither one before it in another.
    await nextTurn();
    const messages = pages.flat().sort((one, other) => one.offset - other.offset);
    return { messages, horizon: Math.min(horizon, this.#delivered) };
  }

  #goLive(): void {
    this.#state = 'live';
    if (this.#isReplayed) return;
    this.#isReplayed = true;
    this.#parts.replayed();
  }

  /** Whether another one may follow. */
  #write(message: TopicMessage, shared?: SharedMessage): boolean {
    const progress = this.#progress.get(message.topic);
    if (progress === undefined || message.offset <= progress.seen) return true;
    progress.seen = message.offset;
    return this.#parts.write(message, shared);
  }

  #end(error?: unknown): void {
    if (this.#state === 'closed') return;
    this.close();
    this.#parts.ended(error);
  }
}

/** Throws where the log of a mailbox is away, which is told by a place without an epoch: it is not empty for that. */
function epochOf({ epoch }: Position, mailbox: string): string {
  if (epoch === '') throw new Error(`The log of ${mailbox} cannot be read now.`);
  return epoch;
}
