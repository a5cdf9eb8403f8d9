import { LIMITS } from '@topgun/protocol';

export interface PaceOptions {
  /** longest slice, default `LIMITS.paceMs` */
  readonly sliceMs?: number;
  /** rows of a slice at most, default `LIMITS.paceRows` */
  readonly sliceRows?: number;
  /** ends the walk: its reason is thrown at the next step */
  readonly signal?: AbortSignal;
  /** for tests: ms of any clock that does not go back, and what lets others have their turn */
  readonly nowMs?: () => number;
  readonly turn?: () => Promise<void>;
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * Parts a long walk into slices, between which sockets, timers and probes get their turn:
 *
 *     const rest = pace.step();
 *     if (rest !== undefined) await rest;
 *
 * after every row. A promise that is not there costs nothing, so that a million rows are not a million microtasks.
 */
export class Pace {
  readonly #sliceMs: number;
  readonly #sliceRows: number;
  readonly #signal: AbortSignal | undefined;
  readonly #nowMs: () => number;
  readonly #turn: () => Promise<void>;
  #rows = 0;
  #endMs: number;

  constructor(options: PaceOptions = {}) {
    this.#sliceMs = options.sliceMs ?? LIMITS.paceMs;
    this.#sliceRows = options.sliceRows ?? LIMITS.paceRows;
    this.#signal = options.signal;
    this.#nowMs = options.nowMs ?? (() => performance.now());
    this.#turn = options.turn ?? nextTurn;
    this.#endMs = this.#nowMs() + this.#sliceMs;
  }

  /** Counts a row, or `rows` of them. A promise when the slice is over. Throws the reason of `signal`. */
  step(rows = 1): Promise<void> | undefined {
    this.#signal?.throwIfAborted();
    this.#rows += rows;
    if (this.#rows < this.#sliceRows && this.#nowMs() < this.#endMs) return undefined;
    return this.#rest();
  }

  /** Shows each of them, with a rest where one is due. */
  async visit<T>(rows: Iterable<T>, visit: (row: T) => void): Promise<void> {
    for (const row of rows) {
      visit(row);
      const rest = this.step();
      if (rest !== undefined) await rest;
    }
  }

  async #rest(): Promise<void> {
    await this.#turn();
    this.#signal?.throwIfAborted();
    this.#rows = 0;
    this.#endMs = this.#nowMs() + this.#sliceMs;
  }
}
