import type { Caught } from '../huntPlants.js';
import { noTally } from '../Tally.js';
import type { PlantInDoor } from './doorPlants.js';
import { drawDoorCase } from './drawDoorCase.js';
import { runDoorCase } from './runDoorCase.js';

/** Within so many seeds each leak planted at the doors must be seen leaving through its outlet. */
export const DOOR_SEEDS_MAX = 20;

/** Plants a leak and runs seeds until it is seen at its outlet; undefined when it is not. */
export async function huntAtDoors({ outlet, plant, does }: PlantInDoor): Promise<Caught | undefined> {
  for (let seed = 1; seed <= DOOR_SEEDS_MAX; seed++) {
    const found = await runDoorCase(drawDoorCase(seed, does), noTally(), plant);
    if (found?.outlet === outlet) return { seed, what: found.what };
  }
  return undefined;
}
