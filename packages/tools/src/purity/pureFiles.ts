import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { isTestFile, shown, sourceFiles } from '../sourceFiles.js';

const PURE_ROOM = /^packages\/(core|protocol)\/src\//;
const ENGINE = /^packages\/[^/]+\/src\/(.+\/)?engine\//;

/** Rooms whose engine folders are not shipped engines: they play them. */
const EXEMPT = new Set(['sim', 'bench', 'tools']);

/** Test kits beside the sources: generators and doubles may use what tests use. */
const TEST_KIT = /\/testing(\/|\.ts$)/;

/** True for a file that must be pure because of where it lies. */
const isPureByPlace = (file: string): boolean =>
  (PURE_ROOM.test(file) || ENGINE.test(file)) && !isTestFile(file) && !TEST_KIT.test(file);

/**
 * All files that must be pure, absolute: those whose place says so, and those they run, however far. A helper
 * outside `engine/` is therefore checked as soon as an engine calls it; one that is imported for its types is not.
 */
export function pureFiles(root: string): readonly string[] {
  const packages = join(root, 'packages');
  const found = new Set(
    readdirSync(packages)
      .filter((room) => !EXEMPT.has(room))
      .flatMap((room) => sourceFiles(join(packages, room, 'src')))
      .filter((path) => isPureByPlace(shown(root, path))),
  );
  for (const path of found) for (const used of runImports(path)) found.add(used); // a Set also visits what is added
  return [...found];
}

/** Relative imports of a file that exist when it runs. */
function runImports(path: string): readonly string[] {
  const text = ts.sys.readFile(path) ?? '';
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.ESNext);
  return source.statements.flatMap((statement) => {
    const specifier = runSpecifier(statement);
    if (specifier === undefined || !specifier.startsWith('.')) return [];
    const stem = join(dirname(path), specifier).replace(/\.js$/, '');
    const target = [`${stem}.ts`, `${stem}.tsx`].find((candidate) => existsSync(candidate));
    return target === undefined ? [] : [target];
  });
}

function runSpecifier(statement: ts.Statement): string | undefined {
  if (ts.isImportDeclaration(statement)) {
    if (statement.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword) return undefined;
    return textOf(statement.moduleSpecifier);
  }
  if (ts.isExportDeclaration(statement))
    return statement.isTypeOnly ? undefined : textOf(statement.moduleSpecifier);
  return undefined;
}

const textOf = (specifier: ts.Expression | undefined): string | undefined =>
  specifier !== undefined && ts.isStringLiteral(specifier) ? specifier.text : undefined;
