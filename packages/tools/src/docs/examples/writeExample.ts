import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { strictOptions } from '../FenceHost.js';
import { type Fence, isCompiled } from '../readFences.js';

/** The address that examples write; when they run, that of a real server takes its place. */
const WRITTEN = '127.0.0.1:8080';

/** Writes a fence into a folder as a module that plain Node runs, or a script, connected to the server of `syncUrl`; returns its file name. */
export function writeExample(folder: string, fence: Fence, syncUrl: string): string {
  const { host } = new URL(syncUrl);
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text.replaceAll(WRITTEN, host));
    return name;
  };
  if (!isCompiled(fence)) return write(`line${fence.line}.${fence.language}`, fence.code);
  const { outputText } = ts.transpileModule(fence.code, {
    fileName: `example.${fence.language}`,
    compilerOptions: { ...strictOptions, module: ts.ModuleKind.ESNext, noEmit: false },
  });
  return write(`line${fence.line}.mjs`, outputText);
}
