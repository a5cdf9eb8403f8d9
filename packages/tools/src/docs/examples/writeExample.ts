import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { strictOptions } from '../FenceHost.js';
import type { Fence } from '../readFences.js';

/** The address that examples write; when they run, that of a real server takes its place. */
const WRITTEN_URL = 'ws://127.0.0.1:8080';

/** Writes a fence into a folder as a module that plain Node runs, connected to `syncUrl`; returns the module's file name. */
export function writeExample(folder: string, fence: Fence, syncUrl: string): string {
  const { outputText } = ts.transpileModule(fence.code, {
    fileName: `example.${fence.language}`,
    compilerOptions: { ...strictOptions, module: ts.ModuleKind.ESNext, noEmit: false },
  });
  const name = `line${fence.line}.mjs`;
  writeFileSync(join(folder, name), outputText.replaceAll(WRITTEN_URL, syncUrl));
  return name;
}
