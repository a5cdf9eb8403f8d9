import { numberOf, textOf } from '../cliArguments.js';
import { describeMutations, runMutations, WORST_MS_MAX } from './mutate/runMutations.js';
import { runWireFuzz } from './run/runWireFuzz.js';

/**
 * `--inputs N` sends N inputs of the corpus to a real server (50,000), `--mutations N` gives N mutated messages to the
 * engine (1,000,000), `--seed S` draws them (1); 0 leaves one out. `--family NAME` runs only the families whose names hold that
 * text, `--at N` only the input of that number. Exit code 1 when a rule does not hold.
 */
const argv = process.argv.slice(2);
const say = (line: string): void => console.log(line);
const family = textOf(argv, 'family');
const at = numberOf(argv, 'at');
const seed = numberOf(argv, 'seed') ?? 1;
const inputs = numberOf(argv, 'inputs') ?? 50_000;
const mutations = family === undefined ? (numberOf(argv, 'mutations') ?? 1_000_000) : 0;

let isFine = true;
if (inputs > 0) {
  const which = { ...(family !== undefined && { family }), ...(at !== undefined && { at }) };
  const report = await runWireFuzz({ inputs, seed, ...which, say });
  isFine = report.failures.length === 0;
}
if (mutations > 0) {
  const begun = performance.now();
  const report = await runMutations({ inputs: mutations, seed, say });
  for (const line of describeMutations(report, (performance.now() - begun) / 1000)) say(line);
  if (report.faults.length > 0 || report.worstMs > WORST_MS_MAX) isFine = false;
}
process.exitCode = isFine ? 0 : 1;
