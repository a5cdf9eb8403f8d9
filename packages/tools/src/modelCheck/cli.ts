import { numberOf } from '../cliArguments.js';
import { runModelCheck } from './runModelCheck.js';

/** `--states N`: how many distinct states of the shipped machine are gone through (1,000,000). Exit code 1 when a rule does not hold, or a mutant is not caught. */
const states = numberOf(process.argv.slice(2), 'states') ?? 1_000_000;
process.exitCode = runModelCheck(states, (line) => console.log(line)) ? 0 : 1;
