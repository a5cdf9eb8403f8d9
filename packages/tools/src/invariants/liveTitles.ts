import { existsSync, readFileSync } from 'node:fs';
import ts from 'typescript';

/** Forms of a test that do not run, or that keep others from running. */
const IDLE: ReadonlySet<string> = new Set(['skip', 'todo', 'skipIf', 'runIf', 'only', 'fails']);

/** Titles of the tests of a file that run; undefined without the file. */
export function liveTitles(path: string): readonly string[] | undefined {
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
