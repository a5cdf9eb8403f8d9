import type { Rng } from '../rng.js';
import type { Stage } from '../Stage.js';
import type { SimDevice, Tab } from '../world/SimDevice.js';

/** One kind of misfortune. A new one is a file of its own and a line in `faults`. */
export interface Fault {
  /** Unique among faults; each strike counts as `fault <name>`. */
  readonly name: string;
  /** How often it is drawn beside the others. Each seed multiplies it by chance, or switches it off. */
  readonly weight: number;
  /** Whether there is anything to strike at; a blow into the void does not count. Always, when left out. */
  canStrike?(blow: Blow): boolean;
  /** Strikes once. What must end again is told to `world.during`: it ends by itself, at the latest when the world heals. */
  strike(blow: Blow): void;
}

/** What a fault strikes at, and its own chance. */
export interface Blow {
  readonly world: Stage;
  readonly device: SimDevice;
  /** One of the device's tabs, if it has any. */
  readonly tab: Tab | undefined;
  readonly rng: Rng;
}
