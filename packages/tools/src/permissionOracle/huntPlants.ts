import { drawCase } from './draw/drawCase.js';
import type { Plant } from './plants/Plant.js';
import { runCase } from './runCase.js';
import { noTally } from './Tally.js';

/** Within so many seeds each planted leak must be seen leaving through its outlet. */
export const SEEDS_MAX = 60;

/** How a planted leak was seen. */
export interface Caught {
  readonly seed: number;
  readonly what: string;
}

/** Plants a leak and runs seeds until it is seen at its outlet; undefined when it is not. */
export function hunt({ outlet, plant }: Plant): Caught | undefined {
  for (let seed = 1; seed <= SEEDS_MAX; seed++) {
    const found = runCase(drawCase(seed), noTally(), plant);
    if (found?.outlet.split(',').includes(outlet)) return { seed, what: found.what };
  }
  return undefined;
}
