import type { World } from '../World.js';
import type { Watch } from '../world/Watch.js';

/** Something that has to happen now and then: a simulation that never comes there proves nothing about it. */
export interface Point {
  readonly name: string;
  /** Profiles whose long runs must reach it; only the standard one when left out. */
  readonly profiles?: readonly string[];
}

/** Points of one area, and who notices them. A new one is a file of its own and a line in `observers`. */
export interface Observer {
  readonly points: readonly Point[];
  /** Begins to watch a world; calls `world.sometimes(name)`. Left out where the simulated machines themselves do. */
  watch?(world: World): Watch;
}
