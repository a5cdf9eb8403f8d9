import type { Delivery } from '../../engine/outbox/Delivery.js';

/** The deliveries of one subscription that wait, the one that is due first in front. */
export class Queue {
  #waiting: Delivery[] = [];
  /** tries under way */
  readonly underWay = new Set<string>();

  get size(): number {
    return this.#waiting.length;
  }

  /** When the first is due; undefined when none waits. */
  get dueMs(): number | undefined {
    return this.#waiting[0]?.dueMs;
  }

  add(delivery: Delivery): void {
    // What is added is nearly always due last.
    let low = 0;
    let high = this.#waiting.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#waiting[middle] as Delivery).dueMs <= delivery.dueMs) low = middle + 1;
      else high = middle;
    }
    this.#waiting.splice(low, 0, delivery);
  }

  /** It waits no more, if it did: mostly one of the first. */
  remove(id: string): void {
    const at = this.#waiting.findIndex((delivery) => delivery.id === id);
    if (at >= 0) this.#waiting.splice(at, 1);
  }

  /** The first, if it is due. */
  take(nowMs: number): Delivery | undefined {
    const [first] = this.#waiting;
    if (first === undefined || first.dueMs > nowMs) return undefined;
    return this.#waiting.shift();
  }

  /** All that wait; the queue is empty then. */
  empty(): readonly Delivery[] {
    const all = this.#waiting;
    this.#waiting = [];
    return all;
  }
}
