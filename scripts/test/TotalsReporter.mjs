import { writeFileSync } from 'node:fs';

/**
 * A vitest reporter that writes the totals of a run to the file named by TOPGUN_TOTALS_FILE. A test file that
 * cannot be loaded and an error outside any test count as one failure each, so neither can pass unseen.
 */
export default class TotalsReporter {
  onTestRunEnd(testModules, unhandledErrors) {
    const totals = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const testModule of testModules) {
      totals.failed += testModule.errors().length;
      for (const suite of testModule.children.allSuites()) totals.failed += suite.errors().length;
      for (const test of testModule.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed' || state === 'failed') totals[state] += 1;
        else totals.skipped += 1;
      }
    }
    writeFileSync(process.env.TOPGUN_TOTALS_FILE, JSON.stringify(totals));
  }
}
