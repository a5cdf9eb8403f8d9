import type { Offset } from '../storage/Store.js';
import { compareOffsets } from '../storage/Store.js';
import type { Row } from './Row.js';

/**
 * The rows of one partition by the offset of their last change (RES-1), so that what changed after an offset costs
 * O(changes).
 *
 * Rows are only ever appended, since offsets rise. A row that was replaced stays behind as a hole until half of the
 * list are holes.
 */
export class ChangeIndex {
  #rows: Row[] = [];
  #holes = 0;
  #sorted = true;

  /** Takes in a committed row; `replaced` says that it took the place of another. */
  append(row: Row, replaced: boolean): void {
    const last = this.#rows.at(-1);
    // Only a store being loaded brings rows out of order.
    if (last !== undefined && compareOffsets(row, last) < 0) this.#sorted = false;
    this.#rows.push(row);
    if (replaced && ++this.#holes > 64 && this.#holes * 2 > this.#rows.length) this.#close();
  }

  /** Current rows after an offset, by rising offset; rows of one offset are never parted by the limit. */
  since(after: Offset, limit: number): Row[] {
    this.#sort();
    const found: Row[] = [];
    for (let at = this.#firstAfter(after); at < this.#rows.length; at++) {
      const row = this.#rows[at] as Row;
      if (row.isReplaced) continue;
      const last = found.at(-1);
      if (found.length >= limit && (last === undefined || compareOffsets(last, row) !== 0)) break;
      found.push(row);
    }
    return found;
  }

  #firstAfter(after: Offset): number {
    let low = 0;
    let high = this.#rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareOffsets(this.#rows[middle] as Row, after) > 0) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #sort(): void {
    if (!this.#sorted) this.#rows.sort(compareOffsets);
    this.#sorted = true;
  }

  #close(): void {
    this.#rows = this.#rows.filter((row) => !row.isReplaced);
    this.#holes = 0;
  }
}
