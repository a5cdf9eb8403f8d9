import { shrinking } from '../plan/shrink.js';
import type { SimOptions, SimPlan } from './options.js';
import { simulate } from './simulate.js';

/** How many runs are tried at most. */
const RUNS_MAX = 500;

/** What sort of failure it is: `12 ms: check: …` and `80 ms: check: …` are one. */
const kindOf = (failure: string): string => /^\d+ ms: ([^:]+):/.exec(failure)?.[1] ?? '';

/**
 * Makes a failing run small: leaves out devices, faults and actions as long as it fails in the same way. Resolves with what is left, to be
 * kept as JSON and run by `simulate({ ...options, plan })`; undefined when the run does not fail.
 */
export async function shrink(options: SimOptions): Promise<SimPlan | undefined> {
  const { plan, failures } = await simulate(options);
  const [first] = failures;
  if (first === undefined) return undefined;
  const search = shrinking(plan, RUNS_MAX);
  let step = search.next(true);
  while (step.done !== true) {
    const { failures: left } = await simulate({ ...options, plan: step.value });
    step = search.next(left.some((failure) => kindOf(failure) === kindOf(first)));
  }
  return step.value.plan;
}
