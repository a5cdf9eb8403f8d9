import { PARTITION_COUNT } from '@topgun/core';
import { LIMITS } from '@topgun/protocol';
import type { Pace } from '../../utils/Pace.js';

interface Placed {
  readonly pid: number;
}

/** What was read beyond a partition: everything from the beginning of `first` on, up to the last row. */
interface Held<Row> {
  readonly first: number;
  readonly rows: readonly Row[];
  readonly isEnd: boolean;
}

/** Reads so many rows behind `after`, or from the beginning of a partition, by rising partition, up to the end of `last`. */
type Page<Row> = (
  pid: number,
  after: Row | undefined,
  count: number,
  last: number,
) => Promise<readonly Row[]>;

/** Bytes read at once, about: a page of large values has few rows. */
const PAGE_BYTES = 4 * 1024 * 1024;
const FIRST_PAGE = 100;

/** The last partition that a page may run into. */
const LAST = PARTITION_COUNT - 1;

/**
 * Reads a table partition by partition. Who asks for one after the other from the first on, as a start does, gets pages that run on into the
 * next ones: most are small, and each is one way over the network otherwise, for records and dedup rows alike. Who takes some partitions
 * over asks for a few here and there, while others wait for them: there a page ends with its partition.
 */
export class ReadAhead<Row extends Placed> {
  readonly #page: Page<Row>;
  readonly #bytesOf: (row: Row) => number;
  #held: Held<Row> | undefined;
  #life = 0;
  #count = FIRST_PAGE;
  /** who asks for it next goes through all of them */
  #next: number | undefined;

  constructor(page: Page<Row>, bytesOf: (row: Row) => number) {
    this.#page = page;
    this.#bytesOf = bytesOf;
  }

  /** What is read ahead may be out of date. */
  clear(): void {
    this.#held = undefined;
    this.#life++;
  }

  /** Shows each row of a partition. Throws what a page throws, but the reason of `signal` once it is aborted. */
  async visit(pid: number, pace: Pace, visit: (row: Row) => void, signal: AbortSignal): Promise<void> {
    try {
      for await (const rows of this.of(pid)) await pace.visit(rows, visit);
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    }
  }

  /** The rows of a partition, page by page. */
  async *of(pid: number): AsyncGenerator<readonly Row[]> {
    const life = this.#life;
    const isInTurn = pid === 0 || pid === this.#next;
    this.#next = isInTurn ? pid + 1 : undefined;
    let held = this.#held !== undefined && this.#held.first <= pid ? this.#held : undefined;
    this.#held = undefined;
    let last = held?.rows.at(-1);
    for (;;) {
      if (held !== undefined) {
        const mine = held.rows.filter((row) => row.pid === pid);
        if (mine.length > 0) yield mine;
        const beyond = held.rows.filter((row) => row.pid > pid);
        if (beyond.length > 0 || held.isEnd) {
          if (isInTurn && life === this.#life)
            this.#held = { first: pid + 1, rows: beyond, isEnd: held.isEnd };
          return;
        }
      }
      const count = this.#count;
      const rows = await this.#page(pid, last?.pid === pid ? last : undefined, count, isInTurn ? LAST : pid);
      held = { first: pid, rows, isEnd: rows.length < count };
      last = rows.at(-1);
      const bytes = rows.reduce((sum, row) => sum + this.#bytesOf(row), 1);
      // By the size of what came: an empty page says nothing, and one of large values has few rows.
      const fitting = Math.floor((Math.max(rows.length, 1) * PAGE_BYTES) / bytes);
      this.#count = Math.max(1, Math.min(LIMITS.databaseReadCount, fitting));
    }
  }
}
