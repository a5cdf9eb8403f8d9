import type { World } from '../World.js';
import type { Watch } from '../world/Watch.js';

/** A law of the world. A new one is a file of its own and a line in `checkers`; it complains through `world.fail('<rule>: …')`. */
export interface Checker {
  /** Begins to watch a world in which nothing has happened yet. */
  watch?(world: World): Watch;
  /** Looks once at a world that has healed and is quiet. */
  atEnd?(world: World): void;
}
