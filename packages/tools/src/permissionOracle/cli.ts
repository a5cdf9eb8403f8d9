import { readFileSync, writeFileSync } from 'node:fs';
import { numberOf, textOf } from '../cliArguments.js';
import type { Case } from './Case.js';
import { doorsPlants, type PlantInDoor } from './doors/doorPlants.js';
import { drawDoorCase } from './doors/drawDoorCase.js';
import { huntAtDoors } from './doors/huntDoorPlants.js';
import { runDoorCase } from './doors/runDoorCase.js';
import { drawCase } from './draw/drawCase.js';
import { type Caught, hunt } from './huntPlants.js';
import { plants } from './plants/index.js';
import { runProcess } from './process/runProcess.js';
import { percentOf, reportDoors, reportTotals, tableOf } from './report.js';
import { type Found, runCase } from './runCase.js';
import { shrink } from './shrink.js';
import { noTally } from './Tally.js';

const POLICIES = 200;
const FRAMES = 200_000;
/** Of all frames at least so many carry what their receiver may see: an oracle of silence proves nothing. */
const PERCENT_MIN = 30;
/** A run that finds more than this has found one mistake many times. */
const LEAKS_MAX = 5;

/**
 * `npm run test:permissions [-- --policies 200 --frames 200000 --from 1]` runs seeds until both are reached, then plants a leak in each
 * outlet (`--no-plants` leaves that out, `--only TEXT` picks some). `--seed S` runs one seed, `--doors-seed S` one at the doors, `--case FILE` replays a case. What leaks is
 * made small and written as `permission-oracle-S.json`. Exit code 1 when something leaks, or a planted leak is not seen.
 */
async function main(argv: readonly string[]): Promise<number> {
  const file = textOf(argv, 'case');
  // Written by this command.
  if (file !== undefined) return replay(JSON.parse(readFileSync(file, 'utf8')) as Case);
  const doorsSeed = numberOf(argv, 'doors-seed');
  if (doorsSeed !== undefined) {
    const found = await runDoorCase(drawDoorCase(doorsSeed), noTally());
    console.log(
      found === undefined ? 'Nothing leaks.' : `step ${found.step}, ${found.outlet}: ${found.what}`,
    );
    return found === undefined ? 0 : 1;
  }
  const seed = numberOf(argv, 'seed');
  const leaks = seed === undefined ? manySeeds(argv) : oneSeed(seed);
  if (seed === undefined && !(await isProcessSound(argv))) return 1;
  if (seed !== undefined) return leaks > 0 ? 1 : 0;
  const only = textOf(argv, 'only') ?? '';
  const plants = !argv.includes('--no-plants');
  const areDoors = await areDoorsSound(argv, only, plants);
  const isHidden = plants && !plantsFound(only);
  return leaks > 0 || isHidden || !areDoors ? 1 : 0;
}

function manySeeds(argv: readonly string[]): number {
  const tally = noTally();
  const policies = numberOf(argv, 'policies') ?? POLICIES;
  const frames = numberOf(argv, 'frames') ?? FRAMES;
  const from = numberOf(argv, 'from') ?? 1;
  let leaks = 0;
  let seed = from;
  for (; (tally.seeds < policies || tally.frames < frames) && leaks < LEAKS_MAX; seed++) {
    const found = runCase(drawCase(seed), tally);
    if (found === undefined) continue;
    leaks++;
    tell(drawCase(seed), found);
  }
  console.log(reportTotals(tally, leaks));
  console.log(`seeds ${from} to ${seed - 1}; one again: npm run test:permissions -- --seed S`);
  if (leaks === 0 && percentOf(tally) >= PERCENT_MIN) return 0;
  if (leaks === 0) console.log(`Fewer than ${PERCENT_MIN} % of the frames carry permitted canaries.`);
  return Math.max(1, leaks);
}

function oneSeed(seed: number): number {
  const tally = noTally();
  const found = runCase(drawCase(seed), tally);
  if (found !== undefined) tell(drawCase(seed), found);
  console.log(reportTotals(tally, found === undefined ? 0 : 1));
  return found === undefined ? 0 : 1;
}

function tell(whole: Case, { outlet, what, step }: Found): void {
  console.log(`seed ${whole.seed}, step ${step}, ${outlet}: ${what}`);
  const { one, found } = shrink(whole, outlet);
  const file = `permission-oracle-${whole.seed}.json`;
  writeFileSync(file, `${JSON.stringify(one, null, 1)}\n`);
  console.log(
    `  made small: ${one.steps.length} steps, ${one.policies.length} policies, in ${file}: ${found?.what}`,
  );
}

function replay(one: Case): number {
  const found = runCase(one, noTally());
  console.log(found === undefined ? 'Nothing leaks.' : `step ${found.step}, ${found.outlet}: ${found.what}`);
  return found === undefined ? 0 : 1;
}

/** Whether each planted leak was seen. */
function plantsFound(only: string): boolean {
  const chosen = plants.filter(({ name, outlet }) => name.includes(only) || outlet.includes(only));
  const found = chosen.map((plant) => [plant, hunt(plant)] as const);
  console.log(tableOf(found));
  const hidden = found.filter(([, caught]) => caught === undefined).length;
  console.log(`${found.length} planted leaks, ${hidden} hidden`);
  return hidden === 0;
}

/** Whether nothing leaves at the doors (PO-13), and each leak that is planted there is seen. */
async function areDoorsSound(argv: readonly string[], only: string, plants: boolean): Promise<boolean> {
  const tally = noTally();
  const from = numberOf(argv, 'from') ?? 1;
  let leaks = 0;
  for (let seed = from; tally.policySets < (numberOf(argv, 'policies') ?? POLICIES); seed++) {
    const found = await runDoorCase(drawDoorCase(seed), tally);
    if (found === undefined) continue;
    leaks++;
    console.log(`doors, seed ${seed}, step ${found.step}, ${found.outlet}: ${found.what}`);
    console.log(`  npm run test:permissions -- --doors-seed ${seed}`);
    if (leaks >= LEAKS_MAX) break;
  }
  console.log(reportDoors(tally, leaks));
  if (!plants) return leaks === 0;
  const chosen = doorsPlants.filter(({ name, outlet }) => name.includes(only) || outlet.includes(only));
  const found: (readonly [PlantInDoor, Caught | undefined])[] = [];
  for (const plant of chosen) found.push([plant, await huntAtDoors(plant)]);
  console.log(tableOf(found));
  const hidden = found.filter(([, caught]) => caught === undefined).length;
  console.log(`${found.length} planted leaks at the doors, ${hidden} hidden`);
  return leaks === 0 && hidden === 0;
}

/** Whether a real process lets nothing out (PO-12). */
async function isProcessSound(argv: readonly string[]): Promise<boolean> {
  const { tally, leaks } = await runProcess(numberOf(argv, 'from') ?? 1);
  const doors = [...tally.outlets].filter(([outlet]) =>
    /^http|^log|^handshake|^ws|^sse|^bridge/.test(outlet),
  );
  console.log(doors.map(([outlet, times]) => `${String(times).padStart(9)}  ${outlet}`).join('\n'));
  console.log(
    `a real process: ${tally.frames} frames, ${percentOf(tally).toFixed(1)} % with permitted canaries, ${leaks.length} leaks`,
  );
  for (const leak of leaks.slice(0, LEAKS_MAX)) console.log(`  ${leak}`);
  return leaks.length === 0;
}

process.exitCode = await main(process.argv.slice(2));
