import type { EngineLimits } from './EngineLimits.js';
import type { IndexBuilder } from './indexes/IndexBuilder.js';
import type { ServerEffects } from './ports.js';
import type { Reaper } from './Reaper.js';

const REAP_TIMER = 'reap';
const INDEX_TIMER = 'index';

/** What the engine does by itself, a slice at a time: it ends what has had its time, and builds indexes. */
export class Chores {
  readonly #effects: ServerEffects;
  readonly #limits: EngineLimits;
  readonly #reapers: readonly Reaper[];
  readonly #builder: IndexBuilder;
  /** when the timer of the reapers fires */
  #reapMs = Number.POSITIVE_INFINITY;
  #isBuilding = false;

  constructor(
    effects: ServerEffects,
    limits: EngineLimits,
    reapers: readonly Reaper[],
    builder: IndexBuilder,
  ) {
    this.#effects = effects;
    this.#limits = limits;
    this.#reapers = reapers;
    this.#builder = builder;
  }

  /** The end of a turn: what there is to do is given its time. */
  arm(now: number): void {
    if (this.#builder.isDue && !this.#isBuilding) {
      this.#isBuilding = true;
      this.#effects.arm(INDEX_TIMER, this.#limits.indexPauseMs);
    }
    const dueMs = Math.min(...this.#reapers.map((reaper) => reaper.dueMs(now) ?? Number.POSITIVE_INFINITY));
    if (dueMs >= this.#reapMs) return;
    this.#reapMs = dueMs;
    this.#effects.arm(REAP_TIMER, Math.max(0, dueMs - now));
  }

  /** A timer has fired; false when it is not one of these. */
  timer(name: string, now: number, isDraining: boolean): boolean {
    if (name === REAP_TIMER) {
      this.#reapMs = Number.POSITIVE_INFINITY;
      if (!isDraining) for (const reaper of this.#reapers) reaper.run(now);
    } else if (name === INDEX_TIMER) {
      this.#isBuilding = false;
      if (!isDraining) this.#builder.run();
    } else return false;
    return true;
  }
}
