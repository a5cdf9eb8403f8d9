import { type BaseRow, compareOffsets, itemOf, type Offset } from './rows.js';

/** What deltas and answers have decided while the rows of a walk or a catch-up were on their way: by item, the latest offset. */
export class Touched {
  readonly #latest = new Map<string, Offset>();

  add(row: BaseRow): void {
    const item = itemOf(row);
    const before = this.#latest.get(item);
    if (!before || compareOffsets(row, before) > 0) this.#latest.set(item, row);
  }

  /**
   * Whether the item was decided later than by the row that was on its way, which must not overwrite that. An answer that comes again
   * speaks of a time long ago: what has been written since is in the way's rows alone.
   */
  has(item: string, row: Offset | undefined): boolean {
    const touched = this.#latest.get(item);
    return touched !== undefined && !(row && compareOffsets(row, touched) > 0);
  }
}
