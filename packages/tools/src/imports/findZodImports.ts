import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import type { Finding } from '../Finding.js';
import { shown, sourceFiles } from '../sourceFiles.js';

// Only programs that never reach a browser may carry all of zod.
const EXEMPT = /^packages\/(server|cli)\//;

/**
 * `import { z } from 'zod'` brings 92 kB (gzip) into a bundle, because `z` is one object that holds everything;
 * `import * as z` lets the bundler take what is used. A default import is the same object.
 */
export function findZodImports(root: string): readonly Finding[] {
  return ['packages', 'apps']
    .flatMap((folder) => sourceFiles(join(root, folder)))
    .filter((path) => !EXEMPT.test(shown(root, path)))
    .flatMap((path) => inFile(root, path));
}

function inFile(root: string, path: string): readonly Finding[] {
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.ESNext);
  return source.statements.filter(bringsWholeZod).map((statement) => ({
    rule: 'zod-namespace',
    file: shown(root, path),
    line: source.getLineAndCharacterOfPosition(statement.getStart(source)).line + 1,
    message: "write `import * as z from 'zod/mini'`: the object `z` brings all of zod into the bundle",
  }));
}

function bringsWholeZod(statement: ts.Statement): boolean {
  if (ts.isExportDeclaration(statement)) {
    const { exportClause, moduleSpecifier } = statement;
    return (
      isZod(moduleSpecifier) &&
      exportClause !== undefined &&
      ts.isNamedExports(exportClause) &&
      exportClause.elements.some((element) => isWhole((element.propertyName ?? element.name).text))
    );
  }
  if (!ts.isImportDeclaration(statement) || !isZod(statement.moduleSpecifier)) return false;
  const clause = statement.importClause;
  if (clause === undefined || clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return false;
  const bindings = clause.namedBindings;
  const named = bindings !== undefined && ts.isNamedImports(bindings) ? bindings.elements : [];
  return (
    clause.name !== undefined || named.some((element) => isWhole((element.propertyName ?? element.name).text))
  );
}

const isWhole = (name: string): boolean => name === 'z' || name === 'default';

const isZod = (specifier: ts.Expression | undefined): boolean =>
  specifier !== undefined && ts.isStringLiteral(specifier) && /^zod(\/|$)/.test(specifier.text);
