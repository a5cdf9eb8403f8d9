import ts from 'typescript';
import type { Finding } from '../Finding.js';
import { shown } from '../sourceFiles.js';
import { bannedGlobals, bannedMembers, bannedOn } from './bannedGlobals.js';
import { pureFiles } from './pureFiles.js';

const PURE_PACKAGES =
  /^(@topgun\/(core(\/texts)?|protocol(\/(closeCodes|cluster|device|limits))?)|zod(\/mini)?|msgpackr(\/(pack|unpack))?)$/;

/**
 * Uses of time, chance, I/O and locale in the pure part of the house below `root`.
 *
 * A name counts when it means the global: the compiler's binder tells `Date` from a parameter called `Date`. Types
 * are free, since they are gone when the program runs. Values that arrive as arguments are free too; that is the
 * point of ports.
 */
export function findImpurities(root: string): readonly Finding[] {
  const paths = pureFiles(root);
  const program = ts.createProgram({
    rootNames: [...paths],
    options: {
      target: ts.ScriptTarget.ESNext,
      noResolve: true,
      lib: [],
      noLib: true,
      types: [],
      allowJs: false,
    },
  });
  const checker = program.getTypeChecker();
  return paths.flatMap((path) => {
    const source = program.getSourceFile(path);
    return source === undefined ? [] : inSource(root, source, checker);
  });
}

function inSource(root: string, source: ts.SourceFile, checker: ts.TypeChecker): readonly Finding[] {
  const findings: Finding[] = [];
  const report = (node: ts.Node, what: string, remedy: string): void => {
    const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
    findings.push({
      rule: 'pure',
      file: shown(root, source.fileName),
      line: line + 1,
      message: `uses ${what}: ${remedy}`,
    });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isTypeNode(node) && !ts.isExpressionWithTypeArguments(node)) return;
    if (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return;
    inspect(node, checker, report);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return findings;
}

type Report = (node: ts.Node, what: string, remedy: string) => void;

function inspect(node: ts.Node, checker: ts.TypeChecker, report: Report): void {
  if (ts.isImportDeclaration(node)) inspectImport(node, report);
  else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    report(node, 'import()', 'load code in the shell');
  } else if (ts.isIdentifier(node)) inspectIdentifier(node, checker, report);
  else if (ts.isPropertyAccessExpression(node))
    inspectMember(node, node.expression, node.name.text, checker, report);
  else if (ts.isElementAccessExpression(node) && ts.isStringLiteralLike(node.argumentExpression)) {
    inspectMember(node, node.expression, node.argumentExpression.text, checker, report);
  } else if (ts.isBindingElement(node)) inspectBinding(node, checker, report);
}

function inspectImport(node: ts.ImportDeclaration, report: Report): void {
  if (node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword) return;
  if (!ts.isStringLiteral(node.moduleSpecifier)) return;
  const specifier = node.moduleSpecifier.text;
  if (specifier.startsWith('.') || PURE_PACKAGES.test(specifier)) return;
  report(node, `'${specifier}'`, 'pure code imports pure code only: core, protocol and the codecs');
}

function inspectIdentifier(node: ts.Identifier, checker: ts.TypeChecker, report: Report): void {
  const remedy = bannedGlobals.get(node.text);
  if (remedy === undefined || !isReference(node) || !isGlobal(node, checker) || isDateAsValue(node)) return;
  report(node, node.text, remedy);
}

/** Dates are values that maps may hold: telling and copying one asks no clock. */
function isDateAsValue(node: ts.Identifier): boolean {
  const { parent } = node;
  if (node.text !== 'Date') return false;
  if (ts.isNewExpression(parent)) return parent.expression === node && parent.arguments?.length === 1;
  if (ts.isPropertyAccessExpression(parent)) return parent.name.text === 'prototype';
  return (
    ts.isBinaryExpression(parent) &&
    parent.operatorToken.kind === ts.SyntaxKind.InstanceOfKeyword &&
    parent.right === node
  );
}

function inspectMember(
  node: ts.Node,
  object: ts.Expression,
  member: string,
  checker: ts.TypeChecker,
  report: Report,
): void {
  const anywhere = bannedMembers.get(member);
  if (anywhere !== undefined) report(node, `.${member}`, anywhere);
  if (!ts.isIdentifier(object) || !isGlobal(object, checker)) return;
  const remedy = bannedOn.get(object.text)?.get(member);
  if (remedy !== undefined) report(node, `${object.text}.${member}`, remedy);
}

/** `const { random } = Math` is `Math.random` in other words. */
function inspectBinding(node: ts.BindingElement, checker: ts.TypeChecker, report: Report): void {
  const name = node.propertyName ?? node.name;
  const member = ts.isIdentifier(name) || ts.isStringLiteral(name) ? name.text : undefined;
  const pattern = node.parent;
  const declaration = pattern.parent;
  if (member === undefined || !ts.isVariableDeclaration(declaration) || declaration.initializer === undefined)
    return;
  inspectMember(node, declaration.initializer, member, checker, report);
}

/** An identifier that is read, as opposed to the name of a member, a property or a declaration. */
function isReference(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isPropertyAssignment(parent)) return parent.initializer === node;
  if (ts.isBindingElement(parent)) return parent.initializer === node;
  if (ts.isImportSpecifier(parent) || ts.isExportSpecifier(parent)) return false;
  return !isDeclarationName(node);
}

/** Methods, properties, parameters and so on: `parent.name` is the identifier itself. A shorthand `{ Date }` reads it. */
const isDeclarationName = (node: ts.Identifier): boolean =>
  'name' in node.parent && node.parent.name === node && !ts.isShorthandPropertyAssignment(node.parent);

/** With no library loaded, only what the program itself declares has a declaration: the rest is global. */
function isGlobal(node: ts.Identifier, checker: ts.TypeChecker): boolean {
  const symbol = ts.isShorthandPropertyAssignment(node.parent)
    ? checker.getShorthandAssignmentValueSymbol(node.parent)
    : checker.getSymbolAtLocation(node);
  return (symbol?.declarations ?? []).length === 0;
}
