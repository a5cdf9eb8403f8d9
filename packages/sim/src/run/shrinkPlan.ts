import { type Case, ruleOf } from '../plan/Case.js';
import type { Plan } from '../plan/Plan.js';
import { shrink } from '../plan/shrink.js';
import { runPlan } from '../simulate.js';

/** Makes a failing plan small; undefined when it does not fail. Only failures of the same rule count. */
export function shrinkPlan(plan: Plan): Case | undefined {
  const [first] = runPlan(plan).failures;
  if (first === undefined) return undefined;
  const rule = ruleOf(first);
  const { plan: small } = shrink(plan, (smaller) =>
    runPlan(smaller).failures.some((failure) => ruleOf(failure) === rule),
  );
  const why = runPlan(small).failures.find((failure) => ruleOf(failure) === rule) ?? first;
  return { rule, why: why.split('\n')[0] as string, plan: small };
}
