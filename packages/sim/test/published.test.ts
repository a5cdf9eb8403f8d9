import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

interface Manifest {
  readonly files: readonly string[];
  readonly exports: Readonly<Record<string, unknown>>;
  readonly publishConfig?: { readonly exports?: Readonly<Record<string, unknown>> };
}

const root = fileURLToPath(new URL('..', import.meta.url));
const manifestOf = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(root, '..', folder, 'package.json'), 'utf8')) as Manifest;

/** Every module that the package's entry needs, and every other package that these name. */
function reachable(): { readonly modules: readonly string[]; readonly packages: ReadonlySet<string> } {
  const modules = new Set([join(root, 'src/index.ts')]);
  const packages = new Set<string>();
  for (const file of modules) {
    for (const [, , name = ''] of readFileSync(file, 'utf8').matchAll(
      /^(import|export) [^;]*?from '([^']+)';/gms,
    )) {
      if (name.startsWith('.')) modules.add(join(dirname(file), name.replace(/\.js$/, '.ts')));
      else packages.add(name);
    }
  }
  return { modules: [...modules].map((file) => relative(join(root, 'src'), file)), packages };
}

describe('[SIM-18] what is published of the simulation', () => {
  it('needs nothing that is not published', () => {
    for (const name of reachable().packages) {
      const [, folder, subpath] = /^@topgun\/([a-z]+)(\/.*)?$/.exec(name) ?? [];
      if (folder === undefined) continue;
      const { exports, publishConfig } = manifestOf(folder);
      expect(Object.keys(publishConfig?.exports ?? exports), name).toContain(`.${subpath ?? ''}`);
    }
  });

  it('is in the package, whole', () => {
    const { files } = manifestOf('sim');
    const { modules } = reachable();
    expect(modules.length).toBeGreaterThan(20);
    for (const module of modules) {
      expect(existsSync(join(root, 'src', module)), module).toBe(true);
      const built = `dist/${module.replace(/\.ts$/, '.')}`;
      expect(
        files.some((entry) => built.startsWith(entry.replace('*', '')) || built.startsWith(`${entry}/`)),
        module,
      ).toBe(true);
    }
  });
});
