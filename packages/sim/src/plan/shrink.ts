import type { Plan } from './Plan.js';

type Part = 'devices' | 'faults' | 'actions';

export interface Shrunk {
  readonly plan: Plan;
  /** How often a run was tried. */
  readonly runs: number;
}

/**
 * The smallest plan found that still fails: leaves out devices, faults and actions as long as `fails` stays true, in chunks that
 * halve (delta debugging: Zeller and Hildebrandt 2002, "Simplifying and Isolating Failure-Inducing Input"). Steps draw from seeds
 * of their own, so that leaving one out disturbs the others as little as can be. Gives up looking for less after `runsMax` runs.
 */
export function shrink(plan: Plan, fails: (plan: Plan) => boolean, runsMax = 1500): Shrunk {
  const search = shrinking(plan, runsMax);
  let step = search.next(true);
  while (step.done !== true) step = search.next(fails(step.value));
  return step.value;
}

/** The same as a dialogue, for runs that take their time: yields plans to try, and is told whether they fail. */
export function* shrinking(plan: Plan, runsMax: number): Generator<Plan, Shrunk, boolean> {
  let best = plan;
  let runs = 0;
  const candidate = function* (smaller: Plan): Generator<Plan, boolean, boolean> {
    if (runs >= runsMax) return false;
    runs++;
    if (!(yield smaller)) return false;
    best = smaller;
    return true;
  };
  for (let before = Number.POSITIVE_INFINITY; sizeOf(best) < before; ) {
    before = sizeOf(best);
    for (const part of ['devices', 'faults', 'actions'] as const)
      yield* leaveOut(part, () => best, candidate);
    yield* cutTheEnd(best, candidate);
  }
  return { plan: best, runs };
}

type Candidate = (plan: Plan) => Generator<Plan, boolean, boolean>;

const sizeOf = ({ devices, faults, actions }: Plan): number =>
  devices.length + faults.length + actions.length;

function* leaveOut(part: Part, current: () => Plan, candidate: Candidate): Generator<Plan, void, boolean> {
  for (
    let size = Math.ceil(current()[part].length / 2);
    size >= 1;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let at = 0; at < current()[part].length; ) {
      const plan = current();
      const rest: readonly unknown[] = [...plan[part].slice(0, at), ...plan[part].slice(at + size)];
      const isLeft = part === 'devices' && rest.length === 0;
      // What was left out is gone: what follows has moved here.
      if (isLeft || !(yield* candidate({ ...plan, [part]: rest }))) at += size;
    }
  }
}

/** Steps in the plan's last quiet time are none: the run may heal right after the last one. */
function* cutTheEnd(plan: Plan, candidate: Candidate): Generator<Plan, void, boolean> {
  const last = Math.max(0, ...[...plan.actions, ...plan.faults].map(({ atMs }) => atMs));
  for (const faultyMs of [last + 1, last + 1000]) {
    if (faultyMs < plan.faultyMs && (yield* candidate({ ...plan, faultyMs }))) return;
  }
}
