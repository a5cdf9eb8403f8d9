import { LIMITS } from '@topgun/protocol';
import { serverError } from '../errors.js';
import type { Draft, Retention, TopicMessage } from '../topics/ports.js';

/** A message on its way to Redis. */
export interface Outgoing {
  readonly partition: number;
  readonly draft: Draft;
  readonly envelope: string;
  /** of the envelope */
  readonly bytes: number;
  /** undefined: its topic has no log */
  readonly retention: Retention | undefined;
  /** the service of its partition in which it was sent; -1: not since the last one ended */
  sentIn: number;
  /** local subscribers have had it, and its publisher an answer */
  isTold: boolean;
  /** Redis has said yes to it once; it waits again where Redis was lost just after */
  isAccepted: boolean;
  readonly done: (outcome: TopicMessage | Error) => void;
}

/**
 * What was published and Redis has not accepted yet, by partition in the order of publishing. Bounded for the node as a whole: what does not
 * fit is refused.
 */
export class Waiting {
  readonly #queues = new Map<number, Set<Outgoing>>();
  #count = 0;
  #bytes = 0;

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#bytes;
  }

  hasRoom({ bytes }: Pick<Outgoing, 'bytes'>): boolean {
    return this.#count < LIMITS.busWaitingCount && this.#bytes + bytes <= LIMITS.busWaitingBytes;
  }

  /** Puts messages before all that wait in their partition, as many as there is room for; the number of those there was none for. */
  putBefore(partition: number, earlier: readonly Outgoing[]): number {
    const waiting = [...this.of(partition)];
    const before = this.#count;
    for (const outgoing of earlier) if (this.hasRoom(outgoing)) this.add(outgoing);
    const dropped = before + earlier.length - this.#count;
    for (const outgoing of waiting) if (this.remove(outgoing)) this.add(outgoing);
    return dropped;
  }

  add(outgoing: Outgoing): void {
    const queue = this.#queues.get(outgoing.partition) ?? new Set();
    this.#queues.set(outgoing.partition, queue.add(outgoing));
    this.#count++;
    this.#bytes += outgoing.bytes;
  }

  has(outgoing: Outgoing): boolean {
    return this.#queues.get(outgoing.partition)?.has(outgoing) === true;
  }

  /** False where it was taken out before. */
  remove(outgoing: Outgoing): boolean {
    const queue = this.#queues.get(outgoing.partition);
    if (queue?.delete(outgoing) !== true) return false;
    if (queue.size === 0) this.#queues.delete(outgoing.partition);
    this.#count--;
    this.#bytes -= outgoing.bytes;
    return true;
  }

  /** Of one partition, in order. */
  of(partition: number): Iterable<Outgoing> {
    return this.#queues.get(partition) ?? [];
  }

  *all(): IterableIterator<Outgoing> {
    for (const queue of this.#queues.values()) yield* queue;
  }
}

export const unavailable = (why: string, cause?: unknown): Error =>
  serverError('BUS_UNAVAILABLE', why, cause);

/** What Redis answers where it is not the one to ask, or not yet; a lost connection has no such word. */
const ELSEWHERE = /^(MOVED|ASK|TRYAGAIN|CLUSTERDOWN|READONLY|LOADING|MASTERDOWN|UNBLOCKED|NOSCRIPT)\b/;

/** Whether it is worth asking again, elsewhere or later; anything else is Redis's refusal of what was asked. */
export function isElsewhere(error: unknown): boolean {
  const { name, message } = error as Error;
  return name !== 'ReplyError' || ELSEWHERE.test(message);
}
