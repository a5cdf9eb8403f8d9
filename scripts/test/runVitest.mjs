import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runBin } from '../lib/bin.mjs';
import { readJson, rootPath } from '../lib/root.mjs';
import { add, failedAs, none } from './totals.mjs';

/** Runs vitest once with a config of this repository; resolves with its totals. */
export async function runVitest({ config = 'vitest.config.ts', args = [], env = {} } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'topgun-totals-'));
  const file = join(folder, 'totals.json');
  const code = await runBin(
    'vitest',
    [
      'run',
      '--config',
      config,
      '--reporter=default',
      `--reporter=${rootPath('scripts/test/TotalsReporter.mjs')}`,
      ...args,
    ],
    { env: { ...env, TOPGUN_TOTALS_FILE: file } },
  );
  const totals = existsSync(file) ? readJson(file) : none;
  rmSync(folder, { recursive: true });
  // vitest may end badly without a failed test, for instance when it finds no test at all.
  return code !== 0 && totals.failed === 0
    ? add(totals, failedAs(`vitest ended with ${code}: ${config}`))
    : totals;
}
