import { describe, expect, it } from 'vitest';
import { findInvariantFaults } from '../src/invariants/findInvariantFaults.js';
import { findUnquotedRules, QUOTED_SPECS } from '../src/invariants/findUnquotedRules.js';
import { CATALOGUE } from '../src/invariants/readInvariants.js';
import { plantTree } from './plantTree.js';

const ROW = '| C1 | replicas agree | `src/a.ts` | `src/a.test.ts` [C1] agree<br>`src/a.test.ts` and again |';
const TESTS = "it('[C1] agree at last', () => {});\nit.each([1])('and again %s', () => {});\n";

const faults = (catalogue: string, tests: string): readonly string[] =>
  findInvariantFaults(
    plantTree({ [CATALOGUE]: `# Invariants\n\n${catalogue}\n`, 'src/a.ts': '', 'src/a.test.ts': tests }),
  ).map(({ message }) => message);

describe('the catalogue of invariants', () => {
  it('passes when every file and every cited test is there', () => {
    expect(faults(ROW, TESTS)).toEqual([]);
  });

  it('fails when a cited test is gone, renamed or does not run', () => {
    const missing = ['C1: no live test "[C1] agree" in src/a.test.ts'];
    expect(faults(ROW, TESTS.replace('[C1] agree', '[C1] disagree'))).toEqual(missing);
    expect(faults(ROW, TESTS.replace("it('[C1]", "it.skip('[C1]"))).toEqual(missing);
    expect(faults(ROW, TESTS.replace("it('[C1]", "it.todo('[C1]"))).toEqual(missing);
    expect(faults(ROW, `describe.skip('later', () => {\n${TESTS}});\n`)).toHaveLength(2);
  });

  it('fails when a file that keeps an invariant is gone, and when a row is not understood', () => {
    expect(faults(ROW.replace('src/a.ts', 'src/b.ts'), TESTS)).toEqual(['C1: no file src/b.ts']);
    expect(faults('| C1 | replicas agree | nowhere | somewhere |', TESTS)).toEqual([
      'C1: names no file that keeps it',
      'C1: a test is named as `file` title',
    ]);
    expect(faults(`${ROW}\n${ROW}`, TESTS)).toEqual(['C1 stands here twice']);
  });

  it('fails without a catalogue', () => {
    expect(findInvariantFaults(plantTree({ 'a.ts': '' }))).toHaveLength(1);
  });
});

describe('rules that tests must quote', () => {
  const SPEC =
    '- **Q-1** A rule.\n  Its second line.\n\n| rule | holds |\n|---|---|\n| **OP-EQ** | equal |\n';
  const QUOTES = "describe('[OP-EQ] equal', () => { it.each([1])('[Q-1] %s', () => {}); });\n";

  const unquoted = (spec: string, tests: string): readonly string[] =>
    findUnquotedRules(plantTree({ [QUOTED_SPECS[0]]: spec, 'packages/a/src/a.test.ts': tests })).map(
      ({ line, message }) => `${line}: ${message}`,
    );

  it('passes when each is quoted', () => {
    expect(unquoted(SPEC, QUOTES)).toEqual([]);
  });

  it('fails when one is not, or only where nothing runs', () => {
    expect(unquoted(SPEC, QUOTES.replace('[Q-1]', '[Q-10]'))).toEqual([
      '1: Q-1 is quoted by no test that runs',
    ]);
    expect(unquoted(SPEC, `// [Q-1]\n${QUOTES.replace('describe', 'describe.skip')}`)).toEqual([
      '1: Q-1 is quoted by no test that runs',
      '6: OP-EQ is quoted by no test that runs',
    ]);
  });

  it('fails when a rule stands twice, and without the spec', () => {
    expect(unquoted(`${SPEC}- **Q-1** Another.\n`, QUOTES)).toEqual(['7: Q-1 stands here twice']);
    expect(findUnquotedRules(plantTree({ 'a.ts': '' }))).toHaveLength(1);
  });
});
