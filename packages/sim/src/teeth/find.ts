import { profileNamed, STANDARD } from '../profiles/index.js';
import { simulate } from '../simulate.js';
import type { PlantedBug } from './PlantedBug.js';

/** Within so many seeds every planted bug must be found. */
export const SEEDS_MAX = 2000;

/** How a planted bug was found. */
export interface Finding {
  /** Seeds run until then. */
  readonly seeds: number;
  /** The failure, first line. */
  readonly why: string;
}

export const profileOf = ({ profile }: PlantedBug): string => profile ?? STANDARD.name;

/** Plants a bug and runs seeds until one fails; undefined when none does. */
export async function find(bug: PlantedBug): Promise<Finding | undefined> {
  const profile = profileNamed(profileOf(bug));
  const takeOut = bug.plant();
  try {
    for (let seeds = 1; seeds <= SEEDS_MAX; seeds++) {
      const [failure] = (await simulate(seeds, profile)).failures;
      if (failure !== undefined) return { seeds, why: failure.split('\n')[0] as string };
    }
    return undefined;
  } finally {
    takeOut();
  }
}
