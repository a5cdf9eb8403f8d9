import { expect } from 'vitest';
import { STANDARD } from '../src/profiles/index.js';
import { simulate } from '../src/simulate.js';

/** Runs a range of seeds; a failing one is reported with the command that replays it. */
export async function runSeeds(from: number, count: number, profile = STANDARD): Promise<void> {
  const failed: string[] = [];
  for (let seed = from; seed < from + count; seed++) {
    const { failures } = await simulate(seed, profile);
    const flag = profile === STANDARD ? '' : ` --profile ${profile.name}`;
    if (failures.length > 0) failed.push(`npm run sim -- --seed ${seed}${flag}\n  ${failures.join('\n  ')}`);
  }
  expect(failed).toEqual([]);
}
