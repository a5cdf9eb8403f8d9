import { type BuildProgress, IndexSet, type IndexSpec, indexNameOf } from '@topgun/core';
import type { HandleContext } from '../handles/HandleContext.js';
import { Listeners } from '../utils/Listeners.js';
import { platformClock } from '../utils/platform.js';

/** Longest stretch of building, ms: half a frame. */
const SLICE_MS = 4;
/** Between two slices the app has its turn, ms. */
const PAUSE_MS = 1;
/** Rows between two looks at the clock. */
const ROWS_PER_LOOK = 256;

/** The indexes of one map of a client, and the slices in which they are built. */
export class MapIndexes {
  /** Of the rows that the map has now. */
  set: IndexSet<unknown>;
  readonly listeners: Listeners<BuildProgress>;
  readonly #specs = new Map<string, IndexSpec>();
  readonly #context: HandleContext;
  readonly #timer: string;

  constructor(map: string, context: HandleContext) {
    const { engine } = context;
    this.set = new IndexSet(new Map(), engine.queryPorts);
    this.#context = context;
    this.#timer = `indexes ${map}`;
    this.listeners = new Listeners(`indexes of ${map}`, context.logger);
    engine.findBy(map, (rows) => {
      this.set = new IndexSet(rows, engine.queryPorts);
      for (const spec of this.#specs.values()) this.set.declare(spec);
      this.#arm();
      return this.set;
    });
  }

  declare(spec: IndexSpec): string {
    this.set.declare(spec);
    const name = indexNameOf(spec);
    this.#specs.set(name, spec);
    this.#arm();
    return name;
  }

  drop(name: string): boolean {
    this.#specs.delete(name);
    return this.set.drop(name);
  }

  progress(): BuildProgress {
    return this.set.buildSome(0);
  }

  #arm(): void {
    // Asking for progress would begin a pass without what is yet to be declared in this tick.
    if (this.set.indexes().some(({ isComplete }) => !isComplete))
      this.#context.timers.arm(this.#timer, PAUSE_MS, () => this.#build());
  }

  #build(): void {
    const untilMs = platformClock.monoMs() + SLICE_MS;
    let progress = this.progress();
    while (!progress.isComplete && platformClock.monoMs() < untilMs)
      progress = this.set.buildSome(ROWS_PER_LOOK);
    this.listeners.emit(progress);
    this.#arm();
  }
}
