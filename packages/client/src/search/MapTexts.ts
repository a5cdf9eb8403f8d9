import type { TextIndex, TextIndexFactory } from '@topgun/core';
import type { RealmEngine } from '../engine/RealmEngine.js';
import type { HandleContext } from '../handles/HandleContext.js';
import { Listeners, type Unsubscribe } from '../utils/Listeners.js';
import { platformClock } from '../utils/platform.js';

/** ms: half a frame. More at once would be seen as a hitch while somebody types. */
const SLICE_MS = 4;
/** Records: as many at most in one slice, for clocks that stand still. */
const SLICE_RECORDS_MAX = 2_000;
/** Records: as many at least, so that a small map is whole at the first read, however busy the machine. */
const SLICE_RECORDS_MIN = 32;
/** Changed records that are taken in at once, where they are seen in the same tick: of more, the others wait for a slice. */
const AT_ONCE = 1_000;

/**
 * The text index over one map of this device, kept up to date: a change costs the words of its record. What the map holds at the
 * beginning, and floods of changes, are taken in by slices (SRCH-13).
 */
export class MapTexts {
  readonly index: TextIndex;
  readonly map: string;
  readonly engine: RealmEngine;
  /** Rises with every record that was taken in or out. */
  revision = 0;
  readonly #name: string;
  readonly #context: HandleContext;
  readonly #listeners: Listeners<undefined>;
  readonly #endings: Unsubscribe[];
  readonly #changed = new Set<string>();
  readonly #waiting: Set<string>;
  /** The most that waited since nothing did. */
  #waitedFor: number;
  #isArmed = false;

  constructor(
    name: string,
    map: string,
    paths: readonly string[],
    make: TextIndexFactory,
    context: HandleContext,
  ) {
    const { engine, events } = context;
    this.#name = name;
    this.#context = context;
    this.engine = engine;
    this.map = map;
    this.index = make(paths);
    this.#listeners = new Listeners(`search in ${map}`, context.logger);
    this.#waiting = new Set(engine.entries(map).map(([key]) => key));
    this.#waitedFor = this.#waiting.size;
    const tell = (): void => this.#tell();
    this.#endings = [
      engine.watchKeys(map, this.#changed),
      events.of(`map ${map}`).add(tell),
      events.of(`whole ${map}`).add(tell),
      events.of('ready').add(tell),
    ];
    this.#takeSlice();
  }

  /** 1 when every record is in. */
  get progress(): number {
    return this.#waitedFor === 0 ? 1 : 1 - this.#waiting.size / this.#waitedFor;
  }

  get hasListeners(): boolean {
    return this.#listeners.size > 0;
  }

  /** Calls back when a search may show something else: once per tick, and after each slice. */
  subscribe(callback: () => void): Unsubscribe {
    return this.#listeners.add(callback);
  }

  /** Takes in what changed since the last call, own writes of this tick included. */
  refresh(): void {
    if (this.#changed.size === 0) return;
    const changed = [...this.#changed];
    this.#changed.clear();
    // What an app has just written is the latest.
    for (const key of changed.splice(-AT_ONCE)) this.#take(key);
    for (const key of changed) this.#waiting.add(key);
    this.#waitedFor = Math.max(this.#waitedFor, this.#waiting.size);
    this.#armSlice();
  }

  close(): void {
    for (const end of this.#endings) end();
    this.#listeners.clear();
    this.#context.timers.cancel(this.#name);
  }

  #take(key: string): void {
    this.#waiting.delete(key);
    this.revision++;
    const value = this.engine.get(this.map, key);
    if (value === undefined) this.index.remove(key);
    else this.index.put(key, value);
  }

  #takeSlice(): void {
    this.#isArmed = false;
    const endMs = platformClock.monoMs() + SLICE_MS;
    let count = 0;
    for (const key of this.#waiting) {
      this.#take(key);
      count++;
      if (count < SLICE_RECORDS_MIN) continue;
      if (count === SLICE_RECORDS_MAX || platformClock.monoMs() > endMs) break;
    }
    if (this.#waiting.size === 0) this.#waitedFor = 0;
    this.#armSlice();
  }

  #armSlice(): void {
    if (this.#waiting.size === 0 || this.#isArmed) return;
    this.#isArmed = true;
    this.#context.timers.arm(this.#name, 1, () => {
      this.#takeSlice();
      this.#tell();
    });
  }

  #tell(): void {
    this.#listeners.emit(undefined);
  }
}
