import { millisOf } from '@topgun/core';
import type { Row } from './Row.js';

/** Below this it is not worth looking for rows that were replaced. */
const SWEEP_ROWS = 64;

/**
 * Committed rows with a time to live, by the time at which it ends: a heap in an array. A row that was replaced stays
 * until its time or until half of all were replaced; it is told by its slot.
 */
export class Expiries {
  #heap: Row[] = [];
  #sweepAt = SWEEP_ROWS;

  /** Takes in a committed row. Rows without time to live and deletions are none of its business. */
  add(row: Row): void {
    if (row.ttlMs === undefined || row.value === undefined) return;
    if (this.#heap.length >= this.#sweepAt) this.#sweep();
    this.#heap.push(row);
    this.#rise(this.#heap.length - 1);
  }

  /** When the time of the first row ends, ms; undefined when there is none. */
  get nextMs(): number | undefined {
    const [first] = this.#heap;
    return first && endOf(first);
  }

  /** Takes out the current rows whose time is over, at most `limit`, the earliest first. */
  take(now: number, limit: number): Row[] {
    const due: Row[] = [];
    for (let row = this.#heap[0]; row !== undefined && endOf(row) <= now; row = this.#heap[0]) {
      if (due.length >= limit) break;
      const last = this.#heap.pop() as Row;
      if (last !== row) {
        this.#heap[0] = last;
        this.#sink(0);
      }
      if (isCurrent(row)) due.push(row);
    }
    return due;
  }

  #sweep(): void {
    this.#heap = this.#heap.filter(isCurrent).sort((a, b) => endOf(a) - endOf(b));
    this.#sweepAt = Math.max(SWEEP_ROWS, this.#heap.length * 2);
  }

  #rise(at: number): void {
    const row = this.#heap[at] as Row;
    for (let above = (at - 1) >> 1; at > 0; above = (at - 1) >> 1) {
      const parent = this.#heap[above] as Row;
      if (endOf(parent) <= endOf(row)) break;
      this.#heap[at] = parent;
      at = above;
    }
    this.#heap[at] = row;
  }

  #sink(at: number): void {
    const row = this.#heap[at] as Row;
    for (;;) {
      let below = at * 2 + 1;
      const left = this.#heap[below];
      const right = this.#heap[below + 1];
      if (left === undefined) break;
      if (right !== undefined && endOf(right) < endOf(left)) below++;
      const least = this.#heap[below] as Row;
      if (endOf(row) <= endOf(least)) break;
      this.#heap[at] = least;
      at = below;
    }
    this.#heap[at] = row;
  }
}

/** Whether a row still is what its item is. */
export const isCurrent = (row: Row): boolean => row.slot?.committed === row;

const endOf = ({ t, ttlMs = 0 }: Row): number => millisOf(t) + ttlMs;
