import { readFileSync, writeFileSync } from 'node:fs';
import { startPostgres } from '@topgun/server/internal/storage/postgres/local/startPostgres';
import { numberOf, textOf } from '../cliArguments.js';
import type { Case } from './Case.js';
import { caseOfText, textOfCase } from './caseText.js';
import { drawCase } from './draw/drawCase.js';
import { type Fault, judge, runSeeds } from './runCases.js';
import { shrink } from './shrink.js';
import { PostgresOracle } from './sql/PostgresOracle.js';

/** A run that finds more than this has found one mistake many times. */
const SHRUNK_MAX = 3;

/**
 * `--seeds N` runs the cases of N seeds, `--from` the first one (1). `--seed S` runs one. `--case FILE` replays a case. What fails is
 * made small and written as `query-fuzz-S.json`. Exit code 1 when something fails.
 */
async function main(argv: readonly string[]): Promise<number> {
  const postgres = await startPostgres();
  const oracle = await PostgresOracle.connect(postgres.url);
  try {
    const file = textOf(argv, 'case');
    if (file !== undefined) return replay(caseOfText(readFileSync(file, 'utf8')), file, oracle);
    const seed = numberOf(argv, 'seed');
    return await many(
      {
        from: seed ?? numberOf(argv, 'from') ?? 1,
        count: seed === undefined ? (numberOf(argv, 'seeds') ?? 20_000) : 1,
      },
      oracle,
    );
  } finally {
    await oracle.close();
    await postgres.stop();
  }
}

async function many(
  range: { readonly from: number; readonly count: number },
  oracle: PostgresOracle,
): Promise<number> {
  const faults = new Map<number, Fault>();
  const started = performance.now();
  const tally = await runSeeds(range, oracle, (seed, fault) => {
    if (faults.has(seed)) return;
    faults.set(seed, fault);
    console.log(
      `seed ${seed}: ${fault.checker}${faults.size > SHRUNK_MAX ? '' : `\n  ${fault.what.slice(0, 2_000)}`}`,
    );
  });
  const perSecond = (range.count * 1_000) / (performance.now() - started);
  for (const [seed, fault] of [...faults].slice(0, SHRUNK_MAX)) await makeSmall(seed, fault, oracle);
  console.log(String(tally));
  const failed = faults.size > 0 ? ` (${[...faults.keys()].slice(0, 50).join(', ')})` : '';
  console.log(
    `seeds ${range.from} to ${range.from + range.count - 1}: ${faults.size} failed${failed}, ${Math.round(perSecond)} cases per second`,
  );
  return faults.size > 0 ? 1 : 0;
}

async function makeSmall(seed: number, { checker }: Fault, oracle: PostgresOracle): Promise<void> {
  const small = await shrink(drawCase(seed), async (one) => (await judge(one, oracle))?.checker === checker);
  const file = `query-fuzz-${seed}.json`;
  writeFileSync(file, textOfCase(small));
  const what = (await judge(small, oracle))?.what ?? '';
  console.log(`seed ${seed}, made small: ${what}\n  replay: npm run test:query-fuzz -- --case ${file}`);
}

async function replay(one: Case, file: string, oracle: PostgresOracle): Promise<number> {
  const fault = await judge(one, oracle);
  console.log(
    fault === undefined ? `${file}: nothing is wrong` : `${file}: ${fault.checker}\n  ${fault.what}`,
  );
  return fault === undefined ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
