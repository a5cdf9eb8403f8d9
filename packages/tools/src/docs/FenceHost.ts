import { dirname, join } from 'node:path';
import ts from 'typescript';
import { foldersOf } from './documents.js';
import type { Fence } from './readFences.js';

/** What tsconfig.base.json asks of our sources, but for unused names: an example may declare what it does not use. */
export const strictOptions: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  moduleDetection: ts.ModuleDetectionKind.Force,
  lib: ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
  types: ['node'],
  jsx: ts.JsxEmit.ReactJSX,
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  noImplicitOverride: true,
  noFallthroughCasesInSwitch: true,
  noImplicitReturns: true,
  verbatimModuleSyntax: true,
  erasableSyntaxOnly: true,
  isolatedModules: true,
  skipLibCheck: true,
  noEmit: true,
};

/** Fences under the paths at which the compiler sees them: each document is a folder of its own. */
export function modulesOf(root: string, fences: readonly Fence[]): ReadonlyMap<string, Fence> {
  return new Map(
    fences.map((fence) => {
      const name = fence.savedAs ?? `line${fence.line}.${fence.language}`;
      return [join(root, '.fences', fence.file, name), fence];
    }),
  );
}

/**
 * The compiler's view of the disk with fences in it as files. In a fence `@topgun/…` is what is published; any other package is what
 * one of our packages, or the root, has installed. Everything else is resolved as Node does.
 */
export function fenceHost(
  root: string,
  modules: ReadonlyMap<string, Fence>,
  published: ReadonlyMap<string, string>,
): ts.CompilerHost {
  const host = ts.createCompilerHost(strictOptions);
  const folders = new Set([...modules.keys()].flatMap(foldersAbove));
  const importers = [root, ...foldersOf(join(root, 'packages'))].map((folder) => join(folder, 'index.ts'));
  const seen: ts.CompilerHost = {
    ...host,
    getCurrentDirectory: () => root,
    fileExists: (path) => modules.has(path) || host.fileExists(path),
    readFile: (path) => modules.get(path)?.code ?? host.readFile(path),
    directoryExists: (path) => folders.has(path) || ts.sys.directoryExists(path),
    getSourceFile: (path, options) => {
      const text = modules.get(path)?.code ?? host.readFile(path);
      return text === undefined ? undefined : ts.createSourceFile(path, text, options);
    },
  };
  const find = (name: string, importer: string) =>
    ts.resolveModuleName(name, importer, strictOptions, seen, undefined, undefined, ts.ModuleKind.ESNext);
  seen.resolveModuleNameLiterals = (literals, importer, _redirected, options, source) =>
    literals.map((literal) => {
      const name = literal.text;
      if (!modules.has(importer) || name.startsWith('.')) {
        const mode = ts.getModeForUsageLocation(source, literal, options);
        return ts.resolveModuleName(name, importer, options, seen, undefined, undefined, mode);
      }
      if (name.startsWith('@topgun/')) return publishedModule(published.get(name));
      const found = importers.map((from) => find(name, from)).find(({ resolvedModule }) => resolvedModule);
      return found ?? { resolvedModule: undefined };
    });
  return seen;
}

const publishedModule = (path: string | undefined): ts.ResolvedModuleWithFailedLookupLocations => ({
  resolvedModule:
    path === undefined
      ? undefined
      : { resolvedFileName: path, extension: ts.Extension.Dts, isExternalLibraryImport: true },
});

function foldersAbove(path: string): readonly string[] {
  const folder = dirname(path);
  return folder === path ? [] : [folder, ...foldersAbove(folder)];
}
