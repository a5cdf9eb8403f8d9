import type { Offset } from '../storage/Store.js';
import { compareOffsets } from '../storage/Store.js';
import type { Row, Slot } from './Row.js';

/**
 * The items of one map in one partition, linked in the order of their last change (RES-1), so that what changed after an
 * offset costs O(changes) of this map and nothing else. The links are in the slots: a change moves its item to the end.
 */
export class ChangeChain {
  #last: Slot | undefined;
  #isSorted = true;

  /** A committed row took its place in the slot. */
  note(slot: Slot, row: Row): void {
    const last = this.#last;
    if (last === slot) return;
    this.#unlink(slot);
    // Only a store being loaded brings rows out of order.
    if (last?.committed !== undefined && compareOffsets(last.committed, row) > 0) this.#isSorted = false;
    this.#link(slot);
  }

  /** The item of the slot was purged. */
  drop(slot: Slot): void {
    this.#unlink(slot);
    if (this.#last === slot) {
      this.#last = slot.earlier;
      if (slot.earlier !== undefined) slot.earlier.later = undefined;
    }
    slot.earlier = undefined;
  }

  /** Current rows after an offset, by rising offset, tombstones included. */
  since(after: Offset): Row[] {
    if (!this.#isSorted) this.#sort();
    const found: Row[] = [];
    for (let slot = this.#last; slot !== undefined; slot = slot.earlier) {
      const row = slot.committed;
      if (row === undefined) continue;
      if (compareOffsets(row, after) <= 0) break;
      found.push(row);
    }
    return found.reverse();
  }

  #link(slot: Slot): void {
    slot.earlier = this.#last;
    if (this.#last !== undefined) this.#last.later = slot;
    this.#last = slot;
  }

  #unlink(slot: Slot): void {
    // The last one stays where it is, so whatever is linked here has one behind it.
    if (slot.later === undefined) return;
    slot.later.earlier = slot.earlier;
    if (slot.earlier !== undefined) slot.earlier.later = slot.later;
    slot.later = undefined;
  }

  #sort(): void {
    const slots: Slot[] = [];
    for (let slot = this.#last; slot !== undefined; slot = slot.earlier)
      if (slot.committed !== undefined) slots.push(slot);
    slots.sort((a, b) => compareOffsets(a.committed as Row, b.committed as Row));
    this.#last = undefined;
    for (const slot of slots) {
      slot.later = undefined;
      this.#link(slot);
    }
    this.#isSorted = true;
  }
}
