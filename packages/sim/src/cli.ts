import type { SimResult } from './simulate.js';
import { simulate } from './simulate.js';

/** `--seeds N` runs seeds 1…N (from `--from`), `--seed S` runs one and prints what happened. Exit code 1 when a seed fails. */
function main(argv: readonly string[]): number {
  const option = (name: string): number | undefined => {
    const at = argv.indexOf(`--${name}`);
    if (at < 0) return undefined;
    const value = Number(argv[at + 1]);
    if (!Number.isSafeInteger(value) || value < 0)
      throw new RangeError(`--${name} takes a whole number, found ${argv[at + 1]}`);
    return value;
  };
  const seed = option('seed');
  if (seed !== undefined) return one(seed);
  return many(option('from') ?? 1, option('seeds') ?? 300);
}

function one(seed: number): number {
  const result = simulate(seed);
  for (const [name, count] of [...result.counts].sort()) console.log(`${String(count).padStart(7)}  ${name}`);
  const again = simulate(seed);
  if (again.trace !== result.trace)
    console.log('NOT DETERMINISTIC: a second run of this seed took another course');
  report(result);
  return result.failures.length > 0 || again.trace !== result.trace ? 1 : 0;
}

function many(from: number, count: number): number {
  const started = performance.now();
  let faults = 0;
  const failed: number[] = [];
  for (let seed = from; seed < from + count; seed++) {
    const result = simulate(seed);
    faults += result.faults;
    if (result.failures.length === 0) continue;
    failed.push(seed);
    report(result);
    if (failed.length >= 10) break;
  }
  const minutes = (performance.now() - started) / 60_000;
  console.log(
    `${count} seeds, ${faults} faults, ${failed.length} failed${failed.length > 0 ? ` (${failed.join(', ')})` : ''}, ${Math.round(count / minutes)} seeds per minute`,
  );
  return failed.length > 0 ? 1 : 0;
}

function report(result: SimResult): void {
  if (result.failures.length === 0) return;
  console.log(
    `seed ${result.seed} FAILED after ${result.events} events; replay: npm run sim -- --seed ${result.seed}`,
  );
  for (const failure of result.failures) console.log(`  ${failure}`);
}

process.exitCode = main(process.argv.slice(2));
