import { numberOf, textOf } from '../cliArguments.js';
import { runWireFuzz } from './run/runWireFuzz.js';

/**
 * `--inputs N` sends N inputs of the corpus to a real server (50,000), `--mutations N` gives N mutated messages to the
 * engine (1,000,000), `--seed S` draws them (1). `--family NAME` runs the families whose names hold that text, `--at N`
 * the input of that number alone. Exit code 1 when a rule does not hold.
 */
const argv = process.argv.slice(2);
const family = textOf(argv, 'family');
const at = numberOf(argv, 'at');
const report = await runWireFuzz({
  inputs: numberOf(argv, 'inputs') ?? 50_000,
  seed: numberOf(argv, 'seed') ?? 1,
  ...(family !== undefined && { family }),
  ...(at !== undefined && { at }),
  say: (line) => console.log(line),
});
process.exitCode = report.failures.length > 0 ? 1 : 0;
