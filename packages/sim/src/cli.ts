import { profiles, STANDARD } from './profiles/index.js';
import type { Profile } from './profiles/Profile.js';
import type { SimResult } from './simulate.js';
import { simulate } from './simulate.js';

/** `--seeds N` runs seeds 1…N (from `--from`), `--seed S` runs one and prints what happened. Exit code 1 when a seed fails. */
function main(argv: readonly string[]): number {
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
  const profile = profileOf(text('profile') ?? STANDARD.name);
  const seed = number('seed');
  if (seed !== undefined) return one(seed, profile);
  return many(number('from') ?? 1, number('seeds') ?? 300, profile);
}

function profileOf(name: string): Profile {
  const found = profiles.find((profile) => profile.name === name);
  if (found === undefined)
    throw new RangeError(`--profile takes one of ${profiles.map((p) => p.name).join(', ')}, found ${name}`);
  return found;
}

function one(seed: number, profile: Profile): number {
  const result = simulate(seed, profile);
  for (const [name, count] of [...result.counts].sort()) console.log(`${String(count).padStart(7)}  ${name}`);
  const again = simulate(seed, profile);
  if (again.trace !== result.trace)
    console.log('NOT DETERMINISTIC: a second run of this seed took another course');
  report(result, profile);
  return result.failures.length > 0 || again.trace !== result.trace ? 1 : 0;
}

function many(from: number, count: number, profile: Profile): number {
  const started = performance.now();
  const totals = new Map<string, number>();
  const failed: number[] = [];
  for (let seed = from; seed < from + count; seed++) {
    const result = simulate(seed, profile);
    for (const [name, times] of result.counts)
      if (name.startsWith('fault ')) totals.set(name, (totals.get(name) ?? 0) + times);
    if (result.failures.length === 0) continue;
    failed.push(seed);
    report(result, profile);
    if (failed.length >= 10) break;
  }
  const minutes = (performance.now() - started) / 60_000;
  for (const [name, times] of [...totals].sort()) console.log(`${String(times).padStart(9)}  ${name}`);
  console.log(
    `${count} seeds, ${failed.length} failed${failed.length > 0 ? ` (${failed.join(', ')})` : ''}, ${Math.round(count / minutes)} seeds per minute`,
  );
  return failed.length > 0 ? 1 : 0;
}

function report(result: SimResult, profile: Profile): void {
  if (result.failures.length === 0) return;
  const flag = profile === STANDARD ? '' : ` --profile ${profile.name}`;
  console.log(
    `seed ${result.seed} FAILED after ${result.events} events; replay: npm run sim -- --seed ${result.seed}${flag}`,
  );
  for (const failure of result.failures) console.log(`  ${failure}`);
}

process.exitCode = main(process.argv.slice(2));
