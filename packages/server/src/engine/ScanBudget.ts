const SECOND_MS = 1000;

/**
 * How many rows a node looks at to make digests and results for those who come (RES-4): so many a second. A question of any size is let
 * through while anything is left, and those after it wait until what it took is made up for.
 */
export class ScanBudget {
  readonly #rowsPerSecond: number;
  #left: number;
  #filledAtMs = 0;

  constructor(rowsPerSecond: number) {
    this.#rowsPerSecond = rowsPerSecond;
    this.#left = rowsPerSecond;
  }

  /** Takes the rows of one question and returns 0; or takes nothing and returns the ms to wait before it is asked again. */
  take(rows: number, nowMs: number): number {
    if (rows === 0) return 0;
    const waitMs = this.waitMs(nowMs);
    if (waitMs === 0) this.spend(rows);
    return waitMs;
  }

  /** How long to wait before a question may be asked, ms; 0 = no time. What it took is told by `spend`. */
  waitMs(nowMs: number): number {
    // A clock that was set back fills nothing, and takes nothing away.
    const passedMs = Math.max(0, nowMs - this.#filledAtMs);
    this.#filledAtMs = nowMs;
    this.#left = Math.min(this.#rowsPerSecond, this.#left + (passedMs / SECOND_MS) * this.#rowsPerSecond);
    return this.#left > 0 ? 0 : Math.ceil(((1 - this.#left) / this.#rowsPerSecond) * SECOND_MS);
  }

  /** Takes the rows that a question has looked at. */
  spend(rows: number): void {
    this.#left -= rows;
  }
}
