import type { Offset } from '../storage/Store.js';
import { compareOffsets } from '../storage/Store.js';
import type { Row, Slot } from './Row.js';

/**
 * The items of one partition by the offset of their last change (RES-1), so that what changed after an offset costs
 * O(changes).
 *
 * Items are only ever appended, since offsets rise. An item that changed again or was purged stays behind as a hole
 * until half of the list are holes. The list holds slots and numbers, not rows: a row that was replaced is free to go.
 */
export class ChangeIndex {
  #slots: Slot[] = [];
  #epochs: number[] = [];
  #ns: number[] = [];
  #holes = 0;
  #sorted = true;

  /** Takes in a committed row; `replaced` says that it took the place of another. */
  append(row: Row, replaced: boolean): void {
    // Only a store being loaded brings rows out of order.
    if (this.#slots.length > 0 && this.#compare(this.#slots.length - 1, row) > 0) this.#sorted = false;
    // A committed row has its slot.
    this.#slots.push(row.slot as Slot);
    this.#epochs.push(row.epoch);
    this.#ns.push(row.n);
    if (replaced) this.dropped();
  }

  /** An item that is listed was replaced, or purged. */
  dropped(): void {
    if (++this.#holes > 64 && this.#holes * 2 > this.#slots.length) this.#close();
  }

  /** Current rows after an offset, by rising offset; rows of one offset are never parted by the limit. */
  since(after: Offset, limit: number): Row[] {
    if (!this.#sorted) this.#sort();
    const found: Row[] = [];
    for (let at = this.#firstAfter(after); at < this.#slots.length; at++) {
      const row = this.#rowAt(at);
      if (row === undefined) continue;
      const last = found.at(-1);
      if (found.length >= limit && (last === undefined || compareOffsets(last, row) !== 0)) break;
      found.push(row);
    }
    return found;
  }

  #firstAfter(after: Offset): number {
    let low = 0;
    let high = this.#slots.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#compare(middle, after) > 0) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** The row noted at a place, unless a later one has replaced it. */
  #rowAt(at: number): Row | undefined {
    const row = this.#slots[at]?.committed;
    return row !== undefined && this.#compare(at, row) === 0 ? row : undefined;
  }

  #compare(at: number, offset: Offset): number {
    return (this.#epochs[at] as number) - offset.epoch || (this.#ns[at] as number) - offset.n;
  }

  /** Moves what is current over the holes. */
  #close(): void {
    let kept = 0;
    for (let at = 0; at < this.#slots.length; at++) {
      if (this.#rowAt(at) === undefined) continue;
      this.#slots[kept] = this.#slots[at] as Slot;
      this.#epochs[kept] = this.#epochs[at] as number;
      this.#ns[kept] = this.#ns[at] as number;
      kept++;
    }
    this.#slots.length = kept;
    this.#epochs.length = kept;
    this.#ns.length = kept;
    this.#holes = 0;
  }

  #sort(): void {
    this.#close();
    const rows = this.#slots.map(({ committed }) => committed as Row).sort(compareOffsets);
    this.#slots = rows.map(({ slot }) => slot as Slot);
    this.#epochs = rows.map(({ epoch }) => epoch);
    this.#ns = rows.map(({ n }) => n);
    this.#sorted = true;
  }
}
