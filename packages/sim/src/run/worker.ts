import { profileNamed } from '../profiles/index.js';
import { simulate } from '../simulate.js';
import { addResult, noTotals, type Totals } from './Totals.js';

/** Seeds for a worker process. */
export interface Job {
  readonly profile: string;
  readonly seeds: readonly number[];
}

/** Its answer: the job it was given, and what came of it. */
export interface JobDone {
  readonly job: Job;
  readonly totals: Totals;
}

// A process of `runSeeds`: takes jobs until its parent lets go of it.
process.on('message', async ({ profile, seeds }: Job) => {
  const totals = noTotals();
  for (const seed of seeds) addResult(totals, await simulate(seed, profileNamed(profile)));
  process.send?.({ job: { profile, seeds }, totals } satisfies JobDone);
});
process.on('disconnect', () => process.exit());
