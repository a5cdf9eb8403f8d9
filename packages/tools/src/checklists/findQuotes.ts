import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { liveTitles } from '../invariants/liveTitles.js';
import { shown } from '../sourceFiles.js';

/** A test that runs, or a bar of a benchmark, whose title quotes rows of the checklists. */
export interface Quote {
  /** relative to the root */
  readonly file: string;
  /** without what stands in brackets before it */
  readonly title: string;
  readonly ids: readonly string[];
}

const FOLDERS = ['packages', 'apps', 'scripts'];
const BENCH = 'packages/bench/src/';
const SKIPPED = new Set(['node_modules', 'dist', '.turbo']);
const ID = /\[(S\d{3}-\d+)\]/g;

const TEST = /\.test\.(ts|tsx|mjs)$/;
/** `describeLogStore.ts`: a suite that tests call. */
const SUITE = /(?:^|\/)(describe[A-Z]\w*)\.ts$/;

/** All quotes below the root, by file and then in the order of the file. */
export function findQuotes(root: string): readonly Quote[] {
  const texts = new Map(
    FOLDERS.flatMap((folder) => filesBelow(join(root, folder)))
      .filter((path) => TEST.test(path) || SUITE.test(path) || shown(root, path).startsWith(BENCH))
      .map((path) => [path, readFileSync(path, 'utf8')]),
  );
  const isCalled = (suite: string): boolean =>
    [...texts].some(([path, text]) => TEST.test(path) && text.includes(`${suite}(`));
  return [...texts].flatMap(([path, text]) => {
    if (text.search(ID) < 0) return [];
    const [, suite] = SUITE.exec(path) ?? [];
    if (suite !== undefined && !isCalled(suite)) return [];
    const file = shown(root, path);
    const titles = file.startsWith(BENCH) ? literals(path, text) : (liveTitles(path) ?? []);
    return titles.flatMap((title): readonly Quote[] => {
      const ids = Array.from(title.matchAll(ID), ([, id = '']) => id);
      return ids.length === 0 ? [] : [{ file, title: withoutIds(title), ids }];
    });
  });
}

const withoutIds = (title: string): string =>
  title
    .replace(/^`|`$/g, '')
    .replace(/\[[A-Z]+\d*-[A-Z]*\d+\]\s*/g, '')
    .trim();

/** A bar of a benchmark is named where it is made. */
function literals(path: string, text: string): readonly string[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.ESNext);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node)) found.push(node.text);
    else if (ts.isTemplateExpression(node)) found.push(node.getText(source));
    else ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function filesBelow(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : filesBelow(path);
      return /\.(ts|tsx|mjs)$/.test(entry.name) ? [path] : [];
    });
}
