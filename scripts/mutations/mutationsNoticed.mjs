import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { captureBin } from '../lib/bin.mjs';
import { readJson, rootPath } from '../lib/root.mjs';
import { allMutations } from './allMutations.mjs';

/** Where the tests of invariants are named, and those of the rows of checklists. */
const INVARIANTS = 'docs/specs/invariants.md';
const CHECKLISTS = 'docs/reference/realtime-checklists.md';
const CONFIG = 'scripts/mutations/vitest.config.mjs';

/** What is wrong with one mutation; undefined when the cited test fails because of it. */
async function faultOf(mutation) {
  // A suite of tests is run by the test that calls it.
  const { id, name, file, find, test, title, run = test } = mutation;
  const found = readFileSync(rootPath(file), 'utf8').split(find).length - 1;
  if (found !== 1) return `${file} holds the text to change ${found} times`;
  const catalogue = /^S\d{3}-/.test(id) ? CHECKLISTS : INVARIANTS;
  const rows = readFileSync(rootPath(catalogue), 'utf8').split('\n');
  const row = rows.find((line) => line.startsWith(`| ${id} `));
  if (!row?.includes(`\`${test}\` `) || !row.includes(title)) return `${catalogue} does not cite this test`;
  const folder = mkdtempSync(join(tmpdir(), 'topgun-mutation-'));
  const report = join(folder, 'report.json');
  const args = [
    'run',
    '--config',
    CONFIG,
    '--reporter=json',
    `--outputFile=${report}`,
    run,
    '-t',
    pattern(title),
  ];
  const { output } = await captureBin('vitest', args, { env: { TOPGUN_MUTATION: name } });
  try {
    const results = readJson(report).testResults.flatMap(({ assertionResults }) => assertionResults);
    const cited = results.filter((result) => result.title.includes(title));
    if (cited.length === 0) return `no test ran:\n${output}`;
    return cited.some(({ status }) => status === 'failed') ? undefined : 'the cited test does not notice';
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const pattern = (title) => title.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Plants each mistake by itself and runs the test that has to notice it. */
export async function mutationsNoticed() {
  const faults = [];
  for (const mutation of allMutations) {
    const fault = await faultOf(mutation);
    if (fault !== undefined) faults.push(`${mutation.id}, ${mutation.name}: ${fault}`);
  }
  return faults.length === 0
    ? { ok: true, output: `each of ${allMutations.length} planted mistakes makes its test fail` }
    : { ok: false, output: faults.join('\n') };
}
