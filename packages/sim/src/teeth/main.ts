import { simulate } from '../simulate.js';
import { bugs } from './bugs.js';

const SEEDS_MAX = 2000;

/** `npm run sim:teeth [-- --only text]`: plants each bug and counts the seeds until the simulator finds it. Exit code 1 when one stays hidden. */
function main(argv: readonly string[]): number {
  const at = argv.indexOf('--only');
  const only = at < 0 ? '' : (argv[at + 1] ?? '');
  let hidden = 0;
  for (const bug of bugs) {
    if (!bug.name.includes(only)) continue;
    const takeOut = bug.plant();
    let found: string | undefined;
    let seed = 1;
    for (; seed <= SEEDS_MAX && found === undefined; seed++) found = simulate(seed).failures[0];
    takeOut();
    if (found === undefined) hidden++;
    console.log(
      found === undefined
        ? `HIDDEN   ${bug.name}: not found in ${SEEDS_MAX} seeds`
        : `found    ${bug.name}: seed ${seed - 1}, ${found.split('\n')[0]}`,
    );
  }
  const sound = simulate(1).failures;
  if (sound.length > 0) console.log(`The code without planted bugs fails seed 1: ${sound[0]}`);
  return hidden === 0 && sound.length === 0 ? 0 : 1;
}

process.exitCode = main(process.argv.slice(2));
