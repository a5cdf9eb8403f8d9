import { profileNamed } from '../profiles/index.js';
import { simulate } from '../simulate.js';
import { addResult, noTotals, type Totals } from './Totals.js';

/** Seeds for a worker process. */
export interface Job {
  readonly profile: string;
  readonly seeds: readonly number[];
}

/** What it says: which seed it begins with, and what came of its job. */
export type Said = { readonly begins: number } | { readonly totals: Totals };

// A process of `runSeeds`: takes jobs until its parent lets go of it.
process.on('message', async ({ profile, seeds }: Job) => {
  const totals = noTotals();
  for (const seed of seeds) {
    process.send?.({ begins: seed } satisfies Said);
    addResult(totals, await simulate(seed, profileNamed(profile)));
  }
  process.send?.({ totals } satisfies Said);
});
process.on('disconnect', () => process.exit());
