import { type Case, ruleOf } from '../plan/Case.js';
import type { Plan } from '../plan/Plan.js';
import { shrinking } from '../plan/shrink.js';
import { runPlan } from '../simulate.js';

/** After so many runs what was found is small enough. */
const RUNS_MAX = 1500;

/** Makes a failing plan small; undefined when it does not fail. Only failures of the same rule count. */
export async function shrinkPlan(plan: Plan): Promise<Case | undefined> {
  const [first] = (await runPlan(plan)).failures;
  if (first === undefined) return undefined;
  const rule = ruleOf(first);
  const failuresOf = async (smaller: Plan): Promise<readonly string[]> =>
    (await runPlan(smaller)).failures.filter((failure) => ruleOf(failure) === rule);
  const search = shrinking(plan, RUNS_MAX);
  let step = search.next(true);
  while (step.done !== true) step = search.next((await failuresOf(step.value)).length > 0);
  const { plan: small } = step.value;
  const why = (await failuresOf(small))[0] ?? first;
  return { rule, why: why.split('\n')[0] as string, plan: small };
}
