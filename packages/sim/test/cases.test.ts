import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Case } from '../src/plan/Case.js';
import { ruleOf } from '../src/plan/Case.js';
import { makePlan } from '../src/plan/makePlan.js';
import { shrink } from '../src/plan/shrink.js';
import { profileNamed } from '../src/profiles/index.js';
import { shrinkPlan } from '../src/run/shrinkPlan.js';
import { runAtOnce, runPlan } from '../src/simulate.js';
import { bugs } from '../src/teeth/bugs/index.js';

const folder = new URL('../cases/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));

const bugNamed = (name: string): (typeof bugs)[number] => {
  const bug = bugs.find((one) => one.name === name);
  if (bug === undefined) throw new Error(`No planted bug is called "${name}"`);
  return bug;
};

describe('[SIM-11] committed cases', () => {
  it.each(files)('%s runs soundly, and fails with the planted bug it was found by', async (file) => {
    const { rule, bug, plan } = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Case;
    expect((await runPlan(plan)).failures).toEqual([]);
    if (bug === undefined) return;
    const takeOut = bugNamed(bug).plant();
    try {
      expect((await runPlan(plan)).failures.map(ruleOf)).toContain(rule);
    } finally {
      takeOut();
    }
  });
});

describe('[SIM-10] shrinking', () => {
  it('leaves out everything that a failure does not need', () => {
    const plan = makePlan(3, profileNamed('tiny'));
    const needed = [plan.actions[7], plan.actions[31], plan.faults[2]];
    const { plan: small, runs } = shrink(plan, ({ actions, faults }) =>
      needed.every((step) => step !== undefined && [...actions, ...faults].includes(step)),
    );
    expect([...small.actions, ...small.faults]).toEqual(needed);
    expect(small.devices).toHaveLength(1);
    expect(runs).toBeLessThan(300);
  });

  it('makes a run with a planted bug small, and the small run fails for the same rule', async () => {
    const takeOut = bugNamed('a failed flush taken for a commit').plant();
    try {
      const profile = profileNamed('tiny');
      // Chance may keep a step that does not matter: of three that fail soon, the smallest.
      const plans = Array.from({ length: 8 }, (_, i) => makePlan(i + 1, profile));
      const failedAtMs = (plan: (typeof plans)[number]): number =>
        Number.parseInt(runAtOnce(plan).failures[0] ?? String(Number.MAX_SAFE_INTEGER), 10);
      const sizeOf = ({ plan }: Case): number => plan.actions.length + plan.faults.length;
      const soon = plans
        .map((plan) => [plan, failedAtMs(plan)] as const)
        .sort(([, one], [, other]) => one - other)
        .slice(0, 3);
      const smaller: Case[] = [];
      for (const [plan] of soon) {
        const small = await shrinkPlan(plan);
        if (small !== undefined) smaller.push(small);
      }
      const [found] = smaller.sort((one, other) => sizeOf(one) - sizeOf(other));
      if (found === undefined) throw new Error('The run stopped failing');
      expect(runAtOnce(found.plan).failures.map(ruleOf)).toContain(found.rule);
      expect(found.plan.actions.length + found.plan.faults.length).toBeLessThan(12);
    } finally {
      takeOut();
    }
  });

  it('says nothing of a run that does not fail', async () => {
    expect(await shrinkPlan(makePlan(1, profileNamed('tiny')))).toBeUndefined();
  });
});
