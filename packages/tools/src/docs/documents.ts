import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { shown } from '../sourceFiles.js';

/** A Markdown document of the repository, its path relative to the root. */
export interface Document {
  readonly file: string;
  readonly text: string;
}

/** What users and contributors read: the README, CONTRIBUTING, everything below `docs/`, the README of each package. */
export function documents(root: string): readonly Document[] {
  const paths = [
    join(root, 'README.md'),
    join(root, 'CONTRIBUTING.md'),
    ...markdownBelow(join(root, 'docs')),
    ...foldersOf(join(root, 'packages')).map((folder) => join(folder, 'README.md')),
  ];
  return paths
    .filter((path) => existsSync(path))
    .map((path) => ({ file: shown(root, path), text: readFileSync(path, 'utf8') }));
}

function markdownBelow(folder: string): readonly string[] {
  const here = existsSync(folder) ? readdirSync(folder, { withFileTypes: true }) : [];
  const files = here.filter((entry) => entry.isFile() && entry.name.endsWith('.md'));
  return [
    ...files.map((entry) => join(folder, entry.name)).sort(),
    ...foldersOf(folder).flatMap((below) => markdownBelow(below)),
  ];
}

/** Folders directly below one, in a stable order. */
export function foldersOf(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(folder, entry.name))
    .sort();
}
