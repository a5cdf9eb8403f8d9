import { profileNamed, STANDARD } from '../profiles/index.js';
import { simulate } from '../simulate.js';
import { bugs } from './bugs/index.js';
import type { PlantedBug } from './PlantedBug.js';

const SEEDS_MAX = 2000;

interface Finding {
  /** Seeds run until it was found. */
  readonly seeds: number;
  readonly why: string;
}

/** `npm run sim:teeth [-- --only text]`: plants each bug and counts the seeds until the simulator finds it. Exit code 1 when one stays hidden. */
function main(argv: readonly string[]): number {
  const at = argv.indexOf('--only');
  const only = at < 0 ? '' : (argv[at + 1] ?? '');
  const found: number[] = [];
  let hidden = 0;
  for (const bug of bugs) {
    if (!bug.name.includes(only)) continue;
    const finding = find(bug);
    if (finding === undefined) hidden++;
    else found.push(finding.seeds);
    const seeds = finding === undefined ? 'HIDDEN' : String(finding.seeds);
    console.log(`${seeds.padStart(7)}  ${bug.name}: ${finding?.why ?? `not found in ${SEEDS_MAX} seeds`}`);
  }
  found.sort((a, b) => a - b);
  const sound = simulate(1).failures;
  if (sound.length > 0) console.log(`The code without planted bugs fails seed 1: ${sound[0]}`);
  console.log(
    `${found.length + hidden} bugs, ${hidden} hidden, found after ${found[found.length >> 1] ?? 0} seeds in the median`,
  );
  return hidden === 0 && sound.length === 0 ? 0 : 1;
}

function find(bug: PlantedBug): Finding | undefined {
  const profile = profileNamed(bug.profile ?? STANDARD.name);
  const takeOut = bug.plant();
  try {
    for (let seeds = 1; seeds <= SEEDS_MAX; seeds++) {
      const [failure] = simulate(seeds, profile).failures;
      if (failure !== undefined) return { seeds, why: failure.split('\n')[0] as string };
    }
    return undefined;
  } finally {
    takeOut();
  }
}

process.exitCode = main(process.argv.slice(2));
