/** Totals of test runs: `{ passed, failed, skipped, faults }`; `faults` says of each failure what is known of it. */
export const none = { passed: 0, failed: 0, skipped: 0, faults: [] };

/** Totals of one thing that failed. */
export const failedAs = (fault) => ({ ...none, failed: 1, faults: [fault] });

export const add = (a, b) => ({
  passed: a.passed + b.passed,
  failed: a.failed + b.failed,
  skipped: a.skipped + b.skipped,
  faults: [...a.faults, ...b.faults],
});

export const formatTotals = ({ passed, failed, skipped }) =>
  `${passed} passed, ${failed} failed, ${skipped} skipped`;

/** A run is green when nothing failed and something ran; in CI nothing may be skipped either. */
export const isGreen = ({ passed, failed, skipped }, ci = process.env.CI) =>
  failed === 0 && passed > 0 && (skipped === 0 || ci === undefined || ci === '' || ci === 'false');

/** Prints what failed once more, so that nobody searches a long output for it, and the closing line; returns the exit code. */
export function closeWith(totals) {
  for (const fault of totals.faults) process.stdout.write(`FAILED ${fault}\n`);
  process.stdout.write(`${formatTotals(totals)}\n`);
  return isGreen(totals) ? 0 : 1;
}
