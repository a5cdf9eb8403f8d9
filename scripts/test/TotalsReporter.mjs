import { writeFileSync } from 'node:fs';
import { none } from './totals.mjs';

const FAULT_LINES = 24;

/** What is told of an error again at the end of a long run: what failed, and the beginning of why. */
const fault = (what, error) => {
  const places = (error?.stack ?? '').split('\n').filter((line) => /^\s+at (?!.*node_modules)/.test(line));
  const told = [error?.message ?? String(error), error?.diff ?? '', ...places.map((line) => line.trim())];
  const lines = told.flatMap((part) => part.split('\n')).filter((line) => line !== '');
  return [what, ...lines.slice(0, FAULT_LINES)].join('\n  ');
};

/**
 * A vitest reporter that writes the totals of a run to the file named by TOPGUN_TOTALS_FILE. A test file that
 * cannot be loaded and an error outside any test count as one failure each, so neither can pass unseen.
 */
export default class TotalsReporter {
  onTestRunEnd(testModules, unhandledErrors) {
    const totals = { ...none, faults: [] };
    const failed = (what, error) => {
      totals.failed += 1;
      totals.faults.push(fault(what, error));
    };
    for (const error of unhandledErrors) failed('outside any test', error);
    for (const testModule of testModules) {
      const file = testModule.relativeModuleId;
      for (const error of testModule.errors()) failed(file, error);
      for (const suite of testModule.children.allSuites())
        for (const error of suite.errors()) failed(`${file} > ${suite.fullName}`, error);
      for (const test of testModule.children.allTests()) {
        const { state, errors } = test.result();
        if (state === 'passed') totals.passed += 1;
        else if (state === 'failed') failed(`${file} > ${test.fullName}`, errors?.[0]);
        else totals.skipped += 1;
      }
    }
    writeFileSync(process.env.TOPGUN_TOTALS_FILE, JSON.stringify(totals));
  }
}
