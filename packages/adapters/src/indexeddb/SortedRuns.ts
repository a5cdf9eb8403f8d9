import type { StoreKey } from '@topgun/client';
import * as LIMITS from '@topgun/protocol/limits';
import { compareStoreKeys } from '../keys/compareStoreKeys.js';

export type Row = readonly [key: StoreKey, value: unknown];

/** A sorted part of the rows, and how far it has been taken. */
interface Run {
  readonly rows: readonly Row[];
  at: number;
}

/**
 * Sorts rows that come in parts, of which a later one has the last word on its keys, and gives them key by key. A part is sorted
 * when it comes; parts of like size are merged while they are small, the others are laid together as they are taken. So no step is
 * long, where sorting a long log at once would hold a page for a tenth of a second.
 */
export class SortedRuns {
  /** The older before the newer. */
  readonly #runs: Run[] = [];
  #length = 0;
  #first: Row | undefined;

  /** Rows that came in, those included that later ones have replaced. */
  get length(): number {
    return this.#length;
  }

  /** Takes in a part, before the first row is taken; of two rows with one key the later counts. */
  add(rows: Row[]): void {
    if (rows.length === 0) return;
    this.#length += rows.length;
    // Stable: rows of one key stay in their order.
    rows.sort(([a], [b]) => compareStoreKeys(a, b));
    const last = (i: number): boolean =>
      i + 1 === rows.length || compareStoreKeys((rows[i] as Row)[0], (rows[i + 1] as Row)[0]) < 0;
    this.#runs.push({ rows: rows.filter((_, i) => last(i)), at: 0 });
    while (this.#hasAlike) this.#mergeLast();
  }

  /** The row with the lowest key that is left. */
  first(): Row | undefined {
    if (this.#first) return this.#first;
    let first: Row | undefined;
    for (const { rows, at } of this.#runs) {
      const row = rows[at];
      if (row && (!first || compareStoreKeys(row[0], first[0]) <= 0)) first = row;
    }
    this.#first = first;
    return first;
  }

  /** Takes the first row. */
  shift(): Row | undefined {
    const first = this.first();
    if (first === undefined) return undefined;
    this.#first = undefined;
    for (const run of this.#runs) {
      const row = run.rows[run.at];
      if (row && compareStoreKeys(row[0], first[0]) === 0) run.at += 1;
    }
    return first;
  }

  get #hasAlike(): boolean {
    const [older, newer] = this.#runs.slice(-2);
    if (older === undefined || newer === undefined) return false;
    const size = older.rows.length + newer.rows.length;
    return older.rows.length < 2 * newer.rows.length && size <= LIMITS.rowsPerMerge;
  }

  #mergeLast(): void {
    const pair = new SortedRuns();
    pair.#runs.push(...this.#runs.splice(-2));
    const rows: Row[] = [];
    for (let row = pair.shift(); row; row = pair.shift()) rows.push(row);
    this.#runs.push({ rows, at: 0 });
  }
}
