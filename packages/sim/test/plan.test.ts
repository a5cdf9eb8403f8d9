import { describe, expect, it } from 'vitest';
import { faults as faultsOfServers } from '../src/faults/index.js';
import { clusterFaults } from '../src/nodes/faults/index.js';
import { makePlan } from '../src/plan/makePlan.js';
import { profiles, STANDARD } from '../src/profiles/index.js';
import { runAtOnce } from '../src/simulate.js';
import { actions } from '../src/workload/index.js';

const faults = [...faultsOfServers, ...clusterFaults];

describe('[SIM-2] the plan of a run', () => {
  it('follows from the seed alone and is plain data', () => {
    const plan = makePlan(5, STANDARD);
    expect(makePlan(5, STANDARD)).toEqual(plan);
    const again: typeof plan = JSON.parse(JSON.stringify(plan));
    expect(runAtOnce(again).trace).toBe(runAtOnce(plan).trace);
    expect(makePlan(6, STANDARD)).not.toEqual(plan);
  });

  it('switches kinds of action and fault on and off by seed, and all come up', () => {
    const seen = new Set<string>();
    const kindsOf = (seed: number): number => {
      const plan = makePlan(seed, STANDARD);
      const kinds = new Set([...plan.actions, ...plan.faults].map(({ does }) => does));
      for (const kind of kinds) seen.add(kind);
      return kinds.size;
    };
    const counts = Array.from({ length: 40 }, (_, seed) => kindsOf(seed));
    expect(new Set(counts).size).toBeGreaterThan(3);
    // Some kinds belong to a profile of their own.
    for (const { name, weight } of [...actions, ...faults]) if (weight > 0) expect(seen).toContain(name);
  });

  it('stays a plan when devices and steps are left out', () => {
    const plan = makePlan(9, STANDARD);
    const less = {
      ...plan,
      devices: plan.devices.filter(({ index }) => index % 2 === 0),
      actions: plan.actions.filter((_, i) => i % 3 === 0),
      faults: plan.faults.slice(0, 5),
    };
    expect(runAtOnce(less).failures).toEqual([]);
  });

  it('knows its actions, faults and profiles by names of their own', () => {
    for (const list of [actions, faults, profiles]) {
      const names = list.map(({ name }) => name);
      expect(new Set(names).size).toBe(names.length);
    }
    const known = new Set(['*', ...actions.map(({ name }) => name), ...faults.map(({ name }) => name)]);
    for (const profile of profiles)
      for (const name of [...Object.keys(profile.actions ?? {}), ...Object.keys(profile.faults ?? {})])
        expect(known).toContain(name);
  });
});
