import { describe, expect, it } from 'vitest';
import { Fences } from '../src/nodes/Fences.js';
import { makePlan } from '../src/plan/makePlan.js';
import { profileNamed } from '../src/profiles/index.js';
import { runAtOnce, simulate } from '../src/simulate.js';
import { bugs } from '../src/teeth/bugs/index.js';
import { runSeeds } from './runSeeds.js';

const CLUSTER = profileNamed('cluster');

describe('a cluster in the simulator', () => {
  it(
    '[SIM-20] [SIM-23] [C1 C8 D1 D4 B1 B2 CLU-10 CLU-18 CLU-20 CLU-23 CLU-32 CLU-33] seeds 1 to 20 heal and agree',
    () => runSeeds(1, 20, CLUSTER),
    600_000,
  );

  it(
    '[SIM-22] comes through failovers of its database',
    () => runSeeds(1, 5, profileNamed('cluster-failover')),
    600_000,
  );

  it('[SIM-21] has commits of one node share its fence, and those that come after a change of it wait for that', () => {
    const fences = new Fences();
    const seen: string[] = [];
    const commit = (name: string): void =>
      fences.share('a', 1, (isGood) => {
        seen.push(`${name} ${isGood ? 'begins' : 'is void'}`);
      });
    fences.alone('a', () => fences.raise('a', 'a1'));
    commit('first');
    commit('second');
    fences.alone('a', () => seen.push('looked at alone'));
    for (const name of ['third', 'fourth']) commit(name);
    fences.alone('a', () => fences.raise('a', 'a2'));
    commit('fifth');
    fences.done('a');
    expect(seen).toEqual(['first begins', 'second begins']);
    fences.done('a');
    expect(seen.slice(2)).toEqual(['looked at alone', 'third begins', 'fourth begins']);
    fences.done('a');
    fences.done('a');
    expect(seen.slice(5)).toEqual(['fifth is void']);
  });

  it('[SIM-24] takes the same course for the same seed, and runs in a turn of its own', async () => {
    const first = await simulate(3, CLUSTER);
    expect((await simulate(3, CLUSTER)).trace).toBe(first.trace);
    expect(first.counts.get('sometimes device at another node')).toBeGreaterThan(0);
    expect(() => runAtOnce(makePlan(3, CLUSTER))).toThrow('cannot run in one breath');
  }, 600_000);

  it('[SIM-12] has planted bugs of its own, and finds one', async () => {
    const planted = bugs.filter(({ profile }) => profile === 'cluster');
    expect(planted.length).toBeGreaterThanOrEqual(10);
    const takeOut = planted.find(({ name }) => name === 'session served before the node knows all')?.plant();
    try {
      let found: readonly string[] = [];
      for (let seed = 1; found.length === 0 && seed <= 10; seed++)
        found = (await simulate(seed, CLUSTER)).failures;
      expect(found.length).toBeGreaterThan(0);
    } finally {
      takeOut?.();
    }
  }, 600_000);
});
