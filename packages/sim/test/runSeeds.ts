import { expect } from 'vitest';
import { simulate } from '../src/simulate.js';

/** Runs a range of seeds; a failing one is reported with the command that replays it. */
export function runSeeds(from: number, count: number): void {
  const failed: string[] = [];
  for (let seed = from; seed < from + count; seed++) {
    const { failures } = simulate(seed);
    if (failures.length > 0) failed.push(`npm run sim -- --seed ${seed}\n  ${failures.join('\n  ')}`);
  }
  expect(failed).toEqual([]);
}
