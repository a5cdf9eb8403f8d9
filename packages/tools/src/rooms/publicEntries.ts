import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A public way into a room: the name importers write, and the source behind it relative to the root. */
export interface PublicEntry {
  readonly specifier: string;
  readonly source: string;
  /** False for an entry that `publishConfig.exports` leaves out: it exists for the simulation only. */
  readonly published: boolean;
}

interface Manifest {
  readonly name: string;
  readonly exports?: Exports;
  readonly publishConfig?: { readonly exports?: Exports };
}

type Exports = Readonly<Record<string, { readonly default: string }>>;

/** The public entries of all packages, read from `exports`: `./dist/X.js` stands for `src/X.ts` or `.tsx`. */
export function publicEntries(root: string): readonly PublicEntry[] {
  const packages = join(root, 'packages');
  return readdirSync(packages).flatMap((room) => {
    const file = join(packages, room, 'package.json');
    if (!existsSync(file)) return [];
    const manifest = JSON.parse(readFileSync(file, 'utf8')) as Manifest; // our own files; tsc and publint judge them
    const published = manifest.publishConfig?.exports ?? manifest.exports ?? {};
    return Object.entries(manifest.exports ?? {}).map(([subpath, target]) => ({
      published: subpath in published,
      specifier: manifest.name + subpath.slice(1),
      source: sourceOf(root, room, target.default),
    }));
  });
}

function sourceOf(root: string, room: string, target: string): string {
  const stem = `packages/${room}/${target.replace(/^\.\/dist\//, 'src/').replace(/\.js$/, '')}`;
  return existsSync(join(root, `${stem}.tsx`)) ? `${stem}.tsx` : `${stem}.ts`;
}
