import { LIMITS } from '@topgun/protocol';
import type { Outgoing } from './Waiting.js';

/**
 * Messages without a log that Redis took a moment ago, the oldest first. A Redis that ends may have said yes to one and not have handed it to
 * all nodes; who has had it knows it by its id. Bounded by time, count and bytes.
 */
export class SaidLately {
  #entries: { readonly outgoing: Outgoing; readonly atMs: number }[] = [];
  #bytes = 0;

  add(outgoing: Outgoing, nowMs: number): void {
    this.#entries.push({ outgoing, atMs: nowMs });
    this.#bytes += outgoing.bytes;
    for (let first = this.#entries[0]; first !== undefined; first = this.#entries[0]) {
      const isOver = this.#entries.length > LIMITS.busLatelyCount || this.#bytes > LIMITS.busLatelyBytes;
      if (!isOver && first.atMs > nowMs - LIMITS.busLatelyMs) break;
      this.#entries.shift();
      this.#bytes -= first.outgoing.bytes;
    }
  }

  /** Those of a partition; they are said no longer. */
  take(partition: number, nowMs: number): readonly Outgoing[] {
    const taken = this.#entries.filter(({ outgoing }) => outgoing.partition === partition);
    if (taken.length === 0) return [];
    this.#entries = this.#entries.filter(({ outgoing }) => outgoing.partition !== partition);
    for (const { outgoing } of taken) this.#bytes -= outgoing.bytes;
    return taken.filter(({ atMs }) => atMs > nowMs - LIMITS.busLatelyMs).map(({ outgoing }) => outgoing);
  }
}
