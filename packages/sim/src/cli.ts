import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Case } from './plan/Case.js';
import { makePlan } from './plan/makePlan.js';
import { profileNamed, STANDARD } from './profiles/index.js';
import type { Profile } from './profiles/Profile.js';
import { reportCounts, reportFailure, unreached } from './run/report.js';
import { runSeeds } from './run/runSeeds.js';
import { shrinkPlan } from './run/shrinkPlan.js';
import { runPlan } from './simulate.js';

/**
 * `--seeds N` runs seeds 1…N (from `--from`, in `--workers` processes). `--seed S` runs one and prints what happened in it; with
 * `--shrink [FILE]` it makes a failing one small and writes it as a case. `--case FILE` replays a case. `--profile` names the kind
 * of run. Exit code 1 when something fails.
 */
async function main(argv: readonly string[]): Promise<number> {
  const text = (name: string): string | undefined => {
    const at = argv.indexOf(`--${name}`);
    return at < 0 ? undefined : (argv[at + 1] ?? '');
  };
  const number = (name: string): number | undefined => {
    const found = text(name);
    if (found === undefined) return undefined;
    const value = Number(found);
    if (found === '' || !Number.isSafeInteger(value) || value < 0)
      throw new RangeError(`--${name} takes a whole number, found ${found}`);
    return value;
  };
  const profile = profileNamed(text('profile') ?? STANDARD.name);
  const file = text('case');
  if (file !== undefined) return replay(file);
  const seed = number('seed');
  if (seed !== undefined && argv.includes('--shrink'))
    return makeSmall(seed, profile, text('shrink') || `sim-case-${seed}.json`);
  if (seed !== undefined) return one(seed, profile);
  const from = number('from') ?? 1;
  const workers = Math.max(1, number('workers') ?? availableParallelism());
  return many({ from, count: number('seeds') ?? 300, profile, workers });
}

async function one(seed: number, profile: Profile): Promise<number> {
  const plan = makePlan(seed, profile);
  const result = await runPlan(plan);
  for (const [name, count] of [...result.counts].sort()) console.log(`${String(count).padStart(9)}  ${name}`);
  const isSame = (await runPlan(plan)).trace === result.trace;
  if (!isSame) console.log('SIM-9: a second run of this seed takes another course');
  const isSound = result.failures.length === 0;
  if (!isSound) console.log(reportFailure(result, profile));
  return isSame && isSound ? 0 : 1;
}

async function makeSmall(seed: number, profile: Profile, file: string): Promise<number> {
  const small = await shrinkPlan(makePlan(seed, profile));
  if (small === undefined) {
    console.log(`seed ${seed} does not fail, so there is nothing to make small`);
    return 0;
  }
  writeFileSync(file, `${JSON.stringify(small, null, 1)}\n`);
  const { devices, faults, actions } = small.plan;
  console.log(
    `${small.why}\n${devices.length} devices, ${faults.length} faults, ${actions.length} actions; replay: npm run sim -- --case ${file}`,
  );
  return 1;
}

async function replay(file: string): Promise<number> {
  // A case is written by this very program, or by hand for it.
  const { plan } = JSON.parse(readFileSync(file, 'utf8')) as Case;
  const { failures } = await runPlan(plan);
  for (const step of [...plan.faults, ...plan.actions].sort((a, b) => a.atMs - b.atMs))
    console.log(`${String(step.atMs).padStart(9)} ms  device-${step.device}  ${step.does}`);
  for (const failure of failures) console.log(failure);
  return failures.length > 0 ? 1 : 0;
}

async function many(range: Parameters<typeof runSeeds>[0]): Promise<number> {
  const { profile, workers } = range;
  const started = performance.now();
  // A long run tells of what it has found while it goes on; all of it stands together at its end.
  const totals = await runSeeds(range, (failed) => console.error(reportFailure(failed, profile)));
  const perMinute = (totals.seeds * 60_000) / (performance.now() - started);
  const missed = unreached(totals, profile);
  console.log(reportCounts(totals, profile));
  for (const failed of totals.failed) console.log(reportFailure(failed, profile));
  for (const point of missed) console.log(`NEVER REACHED: ${point}`);
  const cores = Math.min(workers, availableParallelism());
  const failed = totals.failed.length;
  console.log(
    `${totals.seeds} seeds of ${profile.name}, ${failed} failed${failed > 0 ? ` (${totals.failed.map(({ seed }) => seed).join(', ')})` : ''}, ${missed.length} points never reached, ${Math.round(perMinute)} seeds per minute, ${Math.round(perMinute / cores)} per core`,
  );
  return failed + missed.length > 0 ? 1 : 0;
}

process.exitCode = await main(process.argv.slice(2));
