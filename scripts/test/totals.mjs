/** Totals of test runs: `{ passed, failed, skipped }`. */
export const none = { passed: 0, failed: 0, skipped: 0 };

export const add = (a, b) => ({
  passed: a.passed + b.passed,
  failed: a.failed + b.failed,
  skipped: a.skipped + b.skipped,
});

export const formatTotals = ({ passed, failed, skipped }) =>
  `${passed} passed, ${failed} failed, ${skipped} skipped`;

/** A run is green when nothing failed and something ran; in CI nothing may be skipped either. */
export const isGreen = ({ passed, failed, skipped }, ci = process.env.CI) =>
  failed === 0 && passed > 0 && (skipped === 0 || ci === undefined || ci === '' || ci === 'false');

/** Prints the closing line and returns the exit code. */
export function closeWith(totals) {
  process.stdout.write(`${formatTotals(totals)}\n`);
  return isGreen(totals) ? 0 : 1;
}
