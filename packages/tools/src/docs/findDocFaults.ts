import { realpathSync } from 'node:fs';
import ts from 'typescript';
import type { Finding } from '../Finding.js';
import { documents } from './documents.js';
import { fenceHost, modulesOf, strictOptions } from './FenceHost.js';
import { publishedTypes } from './publishedTypes.js';
import { type Fence, isCompiled, readFences } from './readFences.js';

/**
 * Compiles every TypeScript fence of the documents, each as a module of its own, against the built declarations of the
 * published packages. A fence opts out by being another language, and by nothing else.
 */
export function findDocFaults(root: string): readonly Finding[] {
  const read = documents(root).map(({ file, text }) => readFences(file, text));
  const fences = read.flatMap((document) => document.fences).filter(isCompiled);
  return [...read.flatMap(({ findings }) => findings), ...compiled(realpathSync(root), fences)];
}

function compiled(root: string, fences: readonly Fence[]): readonly Finding[] {
  const modules = modulesOf(root, fences);
  const host = fenceHost(root, modules, publishedTypes(root));
  const program = ts.createProgram([...modules.keys()], strictOptions, host);
  return [...modules].flatMap(([path, fence]) => {
    const source = program.getSourceFile(path);
    if (source === undefined) return [{ ...at(fence, 0), message: 'the compiler did not read it' }];
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
      ({ start = 0, code, messageText }) => ({
        ...at(fence, source.getLineAndCharacterOfPosition(start).line),
        message: `TS${code}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
      }),
    );
  });
}

const at = (fence: Fence, line: number) => ({
  rule: 'fence-types',
  file: fence.file,
  line: fence.line + line,
});
