import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import type { Finding } from '../Finding.js';
import { CATALOGUE, readInvariants } from './readInvariants.js';

/** Forms of a test that do not run, or that keep others from running. */
const IDLE: ReadonlySet<string> = new Set(['skip', 'todo', 'skipIf', 'runIf', 'only', 'fails']);

/** Every file and every test that the catalogue of invariants names must be there, and the test must be one that runs. */
export function findInvariantFaults(root: string): readonly Finding[] {
  const path = join(root, CATALOGUE);
  if (!existsSync(path)) {
    return [{ rule: 'invariant-catalogue', file: CATALOGUE, message: 'the catalogue is missing' }];
  }
  const { invariants, findings } = readInvariants(readFileSync(path, 'utf8'));
  const titles = new Map<string, readonly string[] | undefined>();
  const titlesIn = (file: string): readonly string[] | undefined => {
    if (!titles.has(file)) titles.set(file, readTitles(join(root, file)));
    return titles.get(file);
  };
  const faults = invariants.flatMap(({ id, line, keptBy, shownBy }): Finding[] => {
    const fault = (message: string): Finding => ({
      rule: 'invariant-live',
      file: CATALOGUE,
      line,
      message: `${id}: ${message}`,
    });
    const lost = keptBy
      .filter((file) => !existsSync(join(root, file)))
      .map((file) => fault(`no file ${file}`));
    const dead = shownBy.flatMap(({ file, title }) => {
      const known = titlesIn(file);
      if (known === undefined) return [fault(`no file ${file}`)];
      return known.some((each) => each.includes(title)) ? [] : [fault(`no live test "${title}" in ${file}`)];
    });
    return [...lost, ...dead];
  });
  const seen = new Set<string>();
  const doubled = invariants.filter(({ id }) => seen.size === seen.add(id).size);
  return [
    ...findings,
    ...faults,
    ...doubled.map(({ id, line }) => ({
      rule: 'invariant-row',
      file: CATALOGUE,
      line,
      message: `${id} stands here twice`,
    })),
  ];
}

/** Titles of the tests of a file that run; undefined without the file. */
function readTitles(path: string): readonly string[] | undefined {
  if (!existsSync(path)) return undefined;
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.ESNext);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) {
      const words = calleeWords(node.expression);
      const [title] = node.arguments;
      if (words.some((word) => IDLE.has(word)) && isTestName(words[0])) return;
      if (isTestName(words[0]) && title !== undefined && ts.isStringLiteralLike(title))
        found.push(title.text);
      if (isTestName(words[0]) && title !== undefined && ts.isTemplateExpression(title))
        found.push(title.getText(source));
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

const isTestName = (word: string | undefined): boolean =>
  word === 'it' || word === 'test' || word === 'describe';

/** `it.each(table)` → ['it', 'each'] */
function calleeWords(expression: ts.Expression): readonly string[] {
  if (ts.isIdentifier(expression)) return [expression.text];
  if (ts.isPropertyAccessExpression(expression)) {
    return [...calleeWords(expression.expression), expression.name.text];
  }
  return ts.isCallExpression(expression) ? calleeWords(expression.expression) : [];
}
