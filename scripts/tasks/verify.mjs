import { checks } from '../checks/index.mjs';
import { add, closeWith, failedAs, formatTotals, none } from '../test/totals.mjs';
import { build } from './build.mjs';
import { allTotals } from './test.mjs';

/** Runs one check: one line when it is fine, else its output. Resolves with true or false. */
async function runCheck(name) {
  const startedMs = Date.now();
  // A check that breaks down has found nothing out: that is a failure too, and the others still run.
  const { ok, output } = await checks[name]().catch((error) => ({ ok: false, output: String(error?.stack) }));
  const seconds = ((Date.now() - startedMs) / 1000).toFixed(1);
  const line = output.trim();
  process.stdout.write(
    ok ? `ok   ${name}: ${line} (${seconds} s)\n` : `FAIL ${name} (${seconds} s)\n${line}\n`,
  );
  return ok;
}

/** A task for one check alone: `npm run check:rooms`. Several checks read what the build writes, so it comes first. */
export const checkTask = (name) => async () => {
  if ((await build()) !== 0) return 1;
  return (await runCheck(name)) ? 0 : 1;
};

/** All checks, then all tests, also when an early one fails: one run tells everything. A check counts as one test. */
export async function verify() {
  let totals = none;
  if ((await build()) !== 0) return closeWith(failedAs('the build'));
  for (const name of Object.keys(checks)) {
    const ok = await runCheck(name);
    totals = add(totals, ok ? { ...none, passed: 1 } : failedAs(`check:${name}`));
  }
  process.stdout.write(`checks: ${formatTotals(totals)}\n`);
  return closeWith(add(totals, await allTotals()));
}
