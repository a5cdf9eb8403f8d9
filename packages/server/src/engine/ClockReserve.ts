import { COUNTER_SIZE, type HLC, isPackedTime } from '@topgun/core';
import type { Batch } from './Batch.js';

const NAME = 'clock';
/** How far ahead the stored high-water lies: one record per second of clock, not one per commit. */
const BLOCK = 1_000 * COUNTER_SIZE;

/** Keeps in the store a time above everything the clock has stamped or accepted, so that a restart goes on above it. */
export class ClockReserve {
  readonly #clock: HLC;
  #reserved = 0;

  constructor(clock: HLC, meta: ReadonlyMap<string, unknown>) {
    this.#clock = clock;
    const stored = meta.get(NAME);
    if (!isPackedTime(stored)) return;
    clock.raiseTo(stored);
    this.#reserved = stored;
  }

  /** Adds the record to a batch that is about to be flushed, when it is due. */
  stage(batch: Batch): void {
    if (this.#clock.highWater <= this.#reserved) return;
    this.#reserved = this.#clock.highWater + BLOCK;
    batch.meta.set(NAME, this.#reserved);
  }
}
