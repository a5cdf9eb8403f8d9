import { describe, expect, it } from 'vitest';
import { explore } from '../src/modelCheck/explore.js';
import { mutants } from '../src/modelCheck/mutants.js';
import { exploreMutant } from '../src/modelCheck/runModelCheck.js';
import { alone, growing, idle, pair } from '../src/modelCheck/scenarios.js';

describe('the model check', () => {
  it.each([alone(1), idle(pair(1, 1)), idle(growing(1, 1))])(
    '[CLU-18] $name: no rule is broken in any state there is',
    (scenario) => {
      const found = explore(scenario, { states: 100_000 });
      expect(found.counterexample).toBeUndefined();
      expect(found.isComplete).toBe(true);
      expect(found.ends).toBeGreaterThan(5);
    },
    60_000,
  );

  it('[CLU-18] of larger ones no rule is broken in what is looked at', () => {
    const found = explore(pair(2, 2), { states: 5_000, first: 'far' });
    expect(found.counterexample).toBeUndefined();
    expect(found.states).toBeGreaterThanOrEqual(5_000);
  });

  const quick = mutants.filter(({ isSlow }) => isSlow !== true);

  it('[CLU-19] there are at least four mistakes of the machine, and some of the database', () => {
    expect(mutants.filter(({ plant }) => plant !== undefined).length).toBeGreaterThanOrEqual(6);
    expect(mutants.filter(({ database }) => database !== undefined).length).toBeGreaterThanOrEqual(3);
    expect(quick.length).toBeGreaterThanOrEqual(4);
  });

  it.each(quick)(
    '[CLU-19] caught: $name',
    (mutant) => {
      const { counterexample } = exploreMutant(mutant, 60_000);
      expect(counterexample?.message).toBeDefined();
      expect(counterexample?.trace.length).toBeLessThan(40);
    },
    60_000,
  );
});
