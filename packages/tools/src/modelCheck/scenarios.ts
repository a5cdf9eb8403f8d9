import type { Scenario } from './explore.js';

const scenario = (
  name: string,
  members: string,
  servers: string,
  partitions: number,
  faults: number,
): Scenario => ({
  name: `${name}, ${partitions} partitions, ${faults} faults`,
  members: [...members],
  servers: [...servers],
  partitions,
  faults,
});

/** It has nobody to take over from it. */
export const alone = (faults: number): Scenario => scenario('a node alone', 'a', 'a', 1, faults);
/** Each may take the other for dead. */
export const pair = (partitions: number, faults: number): Scenario =>
  scenario('two nodes', 'ab', 'ab', partitions, faults);
/** One after another is handed over. */
export const growing = (partitions: number, faults: number): Scenario =>
  scenario('a node, and a second one that joins', 'a', 'ab', partitions, faults);
/** Whoever is to get something may be gone before it gets it. */
const crowd = (partitions: number, faults: number): Scenario =>
  scenario('two nodes, and a third one that joins', 'ab', 'abc', partitions, faults);

/** From the small ones, of which all is looked at, to those of which as much as is asked for is. */
export const scenarios: readonly Scenario[] = [
  alone(3),
  pair(2, 1),
  growing(4, 1),
  crowd(3, 1),
  pair(2, 2),
  growing(2, 2),
];

export const idle = (scenario: Scenario): Scenario => ({
  ...scenario,
  name: `${scenario.name}, no commits`,
  isIdle: true,
});
