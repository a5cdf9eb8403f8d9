import { availableParallelism } from 'node:os';
import { ruleOf } from '../plan/Case.js';
import { profiles } from '../profiles/index.js';
import { inProcess } from '../run/inProcess.js';
import { simulate } from '../simulate.js';
import { bugs } from './bugs/index.js';
import { type Finding, profileOf, SEEDS_MAX } from './find.js';
import type { Hunt, HuntDone } from './worker.js';

/** Half of the bugs must be found within so many seeds. */
const SEEDS_MEDIAN_MAX = 300;
const WORKER = new URL('./worker.js', import.meta.url);

/**
 * `npm run sim:teeth [-- --only text] [--profile name] [--workers W]`: plants each bug, runs seeds until the simulator finds it, and prints all of them in
 * one table. Exit code 1 when one stays hidden, when they are found too late, or when the code without bugs fails.
 */
async function main(argv: readonly string[]): Promise<number> {
  const after = (flag: string): string | undefined => {
    const at = argv.indexOf(flag);
    return at < 0 ? undefined : argv[at + 1];
  };
  const only = after('--only') ?? '';
  const profile = after('--profile');
  const due = [...bugs.entries()].flatMap(([at, bug]) =>
    bug.name.includes(only) && (profile ?? profileOf(bug)) === profileOf(bug) ? [at] : [],
  );
  const findings = new Map<number, Finding | undefined>();
  const workers = Math.max(1, Number(after('--workers') ?? availableParallelism()) || 1);
  const next = (): Hunt | undefined => {
    const bug = due.shift();
    return bug === undefined ? undefined : { bug };
  };
  const noted = ({ bug, finding }: HuntDone): boolean => {
    findings.set(bug, finding);
    console.error(`${finding?.seeds ?? 'HIDDEN'}  ${bugs[bug]?.name}`);
    return true;
  };
  await Promise.all(Array.from({ length: workers }, () => inProcess<Hunt, HuntDone>(WORKER, next, noted)));
  console.log(tableOf(findings));
  const found = [...findings.values()].map((finding) => finding?.seeds ?? Number.POSITIVE_INFINITY);
  found.sort((a, b) => a - b);
  const hidden = found.filter((seeds) => seeds > SEEDS_MAX).length;
  const median = found[found.length >> 1] ?? 0;
  const unsound: string[] = [];
  for (const profile of profiles) unsound.push(...(await simulate(1, profile)).failures.slice(0, 1));
  for (const failure of unsound) console.log(`The code without planted bugs fails seed 1: ${failure}`);
  console.log(
    `${found.length} bugs, ${hidden} hidden, found after ${median} seeds in the median, ${found.at(-1) ?? 0} at most`,
  );
  return hidden === 0 && median <= SEEDS_MEDIAN_MAX && unsound.length === 0 ? 0 : 1;
}

function tableOf(findings: ReadonlyMap<number, Finding | undefined>): string {
  const rows = [['bug', 'profile', 'seeds', 'rule', 'what was seen']];
  for (const [at, bug] of bugs.entries()) {
    if (!findings.has(at)) continue;
    const finding = findings.get(at);
    const why = finding?.why ?? `0 ms: HIDDEN: not found in ${SEEDS_MAX} seeds`;
    const [, , text = why] = /^(\d+ ms: [A-Z0-9-]+: )?(.*)$/.exec(why) ?? [];
    rows.push([bug.name, profileOf(bug), String(finding?.seeds ?? '-'), ruleOf(why), short(text)]);
  }
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

const short = (text: string): string => (text.length > 90 ? `${text.slice(0, 90)}…` : text);

process.exitCode = await main(process.argv.slice(2));
