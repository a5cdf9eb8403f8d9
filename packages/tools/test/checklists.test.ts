import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findChecklistFaults, tellChecklists, writeChecklists } from '../src/checklists/checklists.js';
import { CHECKLISTS, rowIds } from '../src/checklists/readChecklists.js';
import { plantTree } from './plantTree.js';

const TEST = 'packages/a/src/a.test.ts';
const HELD = `| S001-9 | nothing is missed | | \`${TEST}\` a reconnected client has all |`;
const QUOTES = "it('[SSE-4] [S001-9] a reconnected client has all', () => {});\n";

/** A table in which all rows are open but those that are given. */
const table = (...given: readonly string[]): string =>
  rowIds
    .map((id) => given.find((row) => row.startsWith(`| ${id} `)) ?? `| ${id} | something | open | |`)
    .join('\n');

const tree = (text: string, tests = QUOTES, more: Readonly<Record<string, string>> = {}): string =>
  plantTree({ [CHECKLISTS]: `# Checklists\n\n${text}\n`, [TEST]: tests, ...more });

const faults = (...args: Parameters<typeof tree>): readonly string[] =>
  findChecklistFaults(tree(...args)).map(({ message }) => message);

describe('the checklists', () => {
  it('are fine when each row names its tests or is marked, and say how many are open', () => {
    const root = tree(table(HELD));
    expect(findChecklistFaults(root)).toEqual([]);
    expect(tellChecklists(root)).toBe(
      '112 rows: 1 held by tests, 0 by documents alone, 0 met otherwise, 111 open',
    );
  });

  it('fail when a test that is named is gone, renamed or does not run', () => {
    const gone = [`S001-9: no such test runs: \`${TEST}\` a reconnected client has all`];
    expect(faults(table(HELD), QUOTES.replace('[S001-9]', '[S001-8]'))).toEqual(expect.arrayContaining(gone));
    const silent = [...gone, 'S001-9: held by no test, and not marked document, otherwise or open'];
    expect(faults(table(HELD), '')).toEqual(silent);
    expect(faults(table(HELD), QUOTES.replace('it(', 'it.skip('))).toEqual(silent);
    expect(faults(table(HELD), `describe.skip('later', () => {\n${QUOTES}});\n`)).toEqual(silent);
    expect(faults(table(HELD), QUOTES.replace('has all', 'has some'))[0]).toBe(gone[0]);
  });

  it('fail when a test quotes a row that does not name it, or that there is not', () => {
    expect(faults(table(HELD), QUOTES.replace('[S001-9]', '[S001-9] [S001-8]'))).toEqual([
      expect.stringContaining('S001-8: quoted by'),
      'S001-8: has tests now: say what is still open, or run node packages/tools/dist/main.js checklists --write',
    ]);
    expect(faults(table(HELD), QUOTES.replace('[S001-9]', '[S001-9] [S001-99]'))).toEqual([
      'no checklist has a row S001-99: "a reconnected client has all"',
    ]);
  });

  it('fail when a row is silent, missing, doubled, out of place or badly marked', () => {
    const silent = table('| S001-9 | nothing is missed | | |');
    expect(faults(silent, '')).toEqual([
      'S001-9: held by no test, and not marked document, otherwise or open',
    ]);
    expect(faults(table(HELD).replace('| S000-2 | something | open | |\n', ''))).toEqual([
      'S000-2 is missing',
    ]);
    expect(faults(table(HELD).replace('| S000-2 ', '| S000-1 '))).toEqual([
      'S000-1 stands here twice',
      'S000-2 is missing',
    ]);
    expect(faults(table('| S000-1 | a | later | |'), '')[0]).toBe(
      'S000-1: a mark is document, otherwise or open, and a text',
    );
    expect(faults(table('| S000-1 | a | otherwise | |'), '')).toEqual([
      'S000-1: "otherwise" wants its reason',
    ]);
  });

  it('follow the links of rows that documents meet', () => {
    const row = '| S004-20 | three nodes | document [guide](../guides/rooms.md#nodes) | |';
    expect(faults(table(row), '')).toEqual(['S004-20: no file ../guides/rooms.md']);
    expect(faults(table(row), '', { 'docs/guides/rooms.md': '# Rooms\n' })).toEqual([]);
    expect(faults(table('| S004-20 | three nodes | document somewhere | |'), '')).toEqual([
      'S004-20: no file that it links to',
    ]);
  });

  it('take a suite of tests for one that runs where a test calls it', () => {
    const suite = { 'packages/a/src/describeLogs.ts': `export function describeLogs() {\n${QUOTES}}\n` };
    const row = HELD.replace(TEST, 'packages/a/src/describeLogs.ts');
    expect(faults(table(row), 'describeLogs();\n', suite)).toEqual([]);
    expect(faults(table(row), '', suite)[0]).toContain('S001-9: no such test runs');
  });

  it('are written from the titles of tests and the bars of benchmarks: what is held is open no more', () => {
    const bar = "const bars = [{ name: '[S001-13] KB each' }];\n";
    const root = tree(table(HELD.replace('nothing', 'not a thing')), QUOTES.replace('[S001-9]', '[S001-8]'), {
      'packages/bench/src/idle.ts': bar,
    });
    writeChecklists(root);
    const text = readFileSync(join(root, CHECKLISTS), 'utf8');
    expect(text).toContain(`| S001-8 | something | | \`${TEST}\` a reconnected client has all |`);
    expect(text).toContain('| S001-9 | not a thing is missed | open | |');
    expect(text).toContain('| S001-13 | something | | `packages/bench/src/idle.ts` KB each');
    expect(findChecklistFaults(root)).toEqual([]);
  });
});
