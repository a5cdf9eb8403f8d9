import { type Exploration, explore, type Scenario } from './explore.js';
import { type Mutant, mutants } from './mutants.js';
import { scenarios } from './scenarios.js';

/** With its mistake in it; undone afterwards. */
export function exploreMutant(mutant: Mutant, states: number): Exploration {
  const { scenario, database, plant, isAboutTheEnd } = mutant;
  const endEvery = isAboutTheEnd ? 5 : Number.POSITIVE_INFINITY;
  const take = plant?.();
  try {
    return explore(scenario, { states, endEvery, ...(database !== undefined && { database }) });
  } finally {
    take?.();
  }
}

/** Goes through so many distinct states of the shipped machine, and looks whether each mutant is caught. True when all is as it should be. */
export function runModelCheck(states: number, say: (line: string) => void): boolean {
  let isFine = true;
  let seen = 0;
  for (const [at, scenario] of scenarios.entries()) {
    const share = Math.ceil((states - seen) / (scenarios.length - at));
    const found = explore(scenario, {
      states: share,
      first: 'far',
      onProgress: (so) => say(`  ${scenario.name}: ${so.toLocaleString('en')} states …`),
    });
    seen += found.states;
    tell(scenario, found, say);
    if (found.counterexample !== undefined) isFine = false;
  }
  say(`${seen.toLocaleString('en')} distinct states, ${isFine ? 'no rule broken' : 'A RULE IS BROKEN'}`);
  for (const mutant of mutants) {
    const { states: looked, counterexample } = exploreMutant(mutant, Math.max(states, 500_000));
    if (counterexample === undefined) {
      isFine = false;
      say(`NOT CAUGHT after ${looked} states: ${mutant.name}`);
    } else {
      say(`caught after ${looked} states: ${mutant.name}`);
      for (const step of counterexample.trace) say(`    ${step}`);
      say(`    → ${counterexample.message}`);
    }
  }
  return isFine;
}

function tell(scenario: Scenario, found: Exploration, say: (line: string) => void): void {
  const { states, moves, depth, ends, isComplete, counterexample } = found;
  const how = isComplete ? 'all there are' : 'as many as asked for';
  say(
    `${scenario.name}: ${states.toLocaleString('en')} states (${how}), ${moves.toLocaleString('en')} moves, ${depth} steps deep, ${ends.toLocaleString('en')} ends`,
  );
  if (counterexample === undefined) return;
  for (const step of counterexample.trace) say(`    ${step}`);
  say(`    → ${counterexample.message}`);
}
