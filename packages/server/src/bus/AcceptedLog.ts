import { LIMITS } from '@topgun/protocol';
import type { Retention, TopicMessage } from '../topics/ports.js';

/** What Redis accepted from this node: enough to say it again. */
export interface Accepted {
  /** in its present place */
  message: TopicMessage;
  readonly envelope: string;
  /** of the envelope */
  readonly bytes: number;
  readonly retention: Retention;
}

/**
 * What Redis accepted from this node in the last minute, oldest first. A master that dies takes with it what no replica had yet; its
 * publishers have it here. Bounded by time, count and bytes; while Redis is away nothing ages.
 */
export class AcceptedLog {
  #entries: { readonly accepted: Accepted; readonly partition: number; readonly atMs: number }[] = [];
  #first = 0;
  #bytes = 0;
  /** when a partition was lost that nobody serves, ms */
  readonly #lostAtMs = new Map<number, number>();

  /** Nobody serves the partition: from now on nothing of it ages. */
  rest(partition: number, nowMs: number): void {
    if (!this.#lostAtMs.has(partition)) this.#lostAtMs.set(partition, nowMs);
  }

  /** What was lost of the partition has been added again. */
  wake(partition: number): void {
    this.#lostAtMs.delete(partition);
  }

  add(partition: number, accepted: Accepted, nowMs: number): void {
    this.#entries.push({ accepted, partition, atMs: nowMs });
    this.#bytes += accepted.bytes;
    for (;;) {
      const oldest = this.#entries[this.#first];
      if (oldest === undefined) break;
      const isOver = this.size > LIMITS.busAcceptedCount || this.#bytes > LIMITS.busAcceptedBytes;
      if (!isOver && oldest.atMs > nowMs - LIMITS.busAcceptedMs) break;
      this.#bytes -= oldest.accepted.bytes;
      this.#first++;
    }
    if (this.#first > 1_000 && this.#first > this.#entries.length / 2) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
    }
  }

  /**
   * Of these partitions, in the order of acceptance. Where nothing more was accepted the oldest are still here, and Redis may have forgotten their ids
   * as it should: what is older than a minute is not lost.
   */
  *of(
    partitions: ReadonlySet<number>,
    nowMs: number,
  ): IterableIterator<{ readonly partition: number; readonly accepted: Accepted }> {
    for (let at = this.#first; at < this.#entries.length; at++) {
      const entry = this.#entries[at];
      if (entry === undefined || !partitions.has(entry.partition)) continue;
      if (entry.atMs > (this.#lostAtMs.get(entry.partition) ?? nowMs) - LIMITS.busAcceptedMs) yield entry;
    }
  }

  get size(): number {
    return this.#entries.length - this.#first;
  }

  get bytes(): number {
    return this.#bytes;
  }
}
