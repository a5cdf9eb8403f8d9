import { existsSync, readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

const SKIPPED = new Set(['node_modules', 'dist', 'test', 'e2e', 'public']);

/** True for tests, whatever their kind; they may use time, chance and every tool they like. */
export const isTestFile = (file: string): boolean => /\.(test|prop\.test|bench|test-d)\.tsx?$/.test(file);

/** TypeScript sources below `folder`, without tests, as absolute paths in a stable order. */
export function sourceFiles(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : sourceFiles(path);
      return /\.tsx?$/.test(entry.name) && !/\.d\.ts$/.test(entry.name) && !isTestFile(entry.name)
        ? [path]
        : [];
    });
}

/** A path relative to `root` with forward slashes, as findings show it. */
export const shown = (root: string, path: string): string => relative(root, path).split(sep).join('/');
