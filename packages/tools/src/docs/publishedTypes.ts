import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { foldersOf } from './documents.js';

type Exports = Readonly<Record<string, { readonly types: string }>>;

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly exports?: Exports;
  readonly publishConfig?: { readonly exports?: Exports };
}

/**
 * The built declarations behind each specifier that somebody who installs our packages can write. Entries that exist in
 * this repository only are not among them, so an example that uses one does not compile.
 */
export function publishedTypes(root: string): ReadonlyMap<string, string> {
  const found = foldersOf(join(root, 'packages')).flatMap((folder) => {
    const file = join(folder, 'package.json');
    if (!existsSync(file)) return [];
    const manifest = JSON.parse(readFileSync(file, 'utf8')) as Manifest; // our own files; tsc and publint judge them
    if (manifest.private === true) return [];
    const entries = Object.entries(manifest.publishConfig?.exports ?? manifest.exports ?? {});
    return entries
      .map(([path, { types }]) => [manifest.name + path.slice(1), join(folder, types)] as const)
      .filter(([, types]) => existsSync(types));
  });
  return new Map(found);
}
