import { LIMITS } from '@topgun/protocol';

interface Placed {
  readonly pid: number;
}

/** What was read beyond a partition: everything from the beginning of `first` on, up to the last row. */
interface Held<Row> {
  readonly first: number;
  readonly rows: readonly Row[];
  readonly isEnd: boolean;
}

/** Bytes read at once, about: a page of large values has few rows. */
const PAGE_BYTES = 4 * 1024 * 1024;
const FIRST_PAGE = 100;

/**
 * Reads a table partition by partition, in pages that run on into the next ones: a start asks for all 271 of them one after the other,
 * and most are small. Each is one way over the network otherwise, for records and dedup rows alike.
 */
export class ReadAhead<Row extends Placed> {
  readonly #page: (pid: number, after: Row | undefined, count: number) => Promise<readonly Row[]>;
  readonly #bytesOf: (row: Row) => number;
  #held: Held<Row> | undefined;
  #life = 0;
  #count = FIRST_PAGE;

  /** `page`: the rows behind `after`, by rising partition, or from the beginning of the partition. */
  constructor(
    page: (pid: number, after: Row | undefined, count: number) => Promise<readonly Row[]>,
    bytesOf: (row: Row) => number,
  ) {
    this.#page = page;
    this.#bytesOf = bytesOf;
  }

  /** What is read ahead may be out of date. */
  clear(): void {
    this.#held = undefined;
    this.#life++;
  }

  /** The rows of a partition, page by page. */
  async *of(pid: number): AsyncGenerator<readonly Row[]> {
    const life = this.#life;
    let held = this.#held !== undefined && this.#held.first <= pid ? this.#held : undefined;
    this.#held = undefined;
    let last = held?.rows.at(-1);
    for (;;) {
      if (held !== undefined) {
        const mine = held.rows.filter((row) => row.pid === pid);
        if (mine.length > 0) yield mine;
        const beyond = held.rows.filter((row) => row.pid > pid);
        if (beyond.length > 0 || held.isEnd) {
          if (life === this.#life) this.#held = { first: pid + 1, rows: beyond, isEnd: held.isEnd };
          return;
        }
      }
      const count = this.#count;
      const rows = await this.#page(pid, last?.pid === pid ? last : undefined, count);
      held = { first: pid, rows, isEnd: rows.length < count };
      last = rows.at(-1);
      const bytes = rows.reduce((sum, row) => sum + this.#bytesOf(row), 1);
      // By the size of what came: an empty page says nothing, and one of large values has few rows.
      const fitting = Math.floor((Math.max(rows.length, 1) * PAGE_BYTES) / bytes);
      this.#count = Math.max(1, Math.min(LIMITS.databaseReadCount, fitting));
    }
  }
}
