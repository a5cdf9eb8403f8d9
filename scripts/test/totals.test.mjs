import { describe, expect, it } from 'vitest';
import { add, failedAs, formatTotals, isGreen, none } from './totals.mjs';

const totals = (passed, failed, skipped) => ({ ...none, passed, failed, skipped });

describe('totals of several runs', () => {
  it('are added up and printed as one line', () => {
    const sum = add(add(none, totals(3, 1, 0)), totals(4, 0, 2));
    expect(formatTotals(sum)).toBe('7 passed, 1 failed, 2 skipped');
  });

  it('keep the names of what failed', () => {
    expect(add(failedAs('one'), add(totals(1, 0, 0), failedAs('two')))).toEqual({
      passed: 1,
      failed: 2,
      skipped: 0,
      faults: ['one', 'two'],
    });
  });

  it.each([
    ['something failed', totals(9, 1, 0), undefined],
    ['nothing ran', totals(0, 0, 0), undefined],
    ['something was skipped in CI', totals(9, 0, 1), 'true'],
  ])('are not green when %s', (_why, sum, ci) => {
    expect(isGreen(sum, ci)).toBe(false);
  });

  it.each([
    ['all passed', totals(9, 0, 0), 'true'],
    ['something was skipped outside CI', totals(9, 0, 1), ''],
  ])('are green when %s', (_why, sum, ci) => {
    expect(isGreen(sum, ci)).toBe(true);
  });
});
