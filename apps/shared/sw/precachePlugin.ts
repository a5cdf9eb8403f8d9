import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';

/** What this plugin uses of a build; vite's own types are those of each app. */
type Output =
  | { readonly type: 'chunk'; readonly code: string }
  | { readonly type: 'asset'; readonly source: string | Uint8Array };
type Build = { emitFile: (file: { type: 'asset'; fileName: string; source: string }) => unknown };

/**
 * Writes `sw.js` with the list of everything the build made, so that the app starts without a network. The version
 * is a hash of names and contents: a build that changes nothing keeps the cache of the devices.
 * `app` begins the names of its caches, `publicFolder` holds the files that are copied as they are.
 */
export function precachePlugin(app: string, publicFolder: URL) {
  return {
    name: 'topgun-precache',
    apply: 'build' as const,
    enforce: 'post' as const,
    generateBundle(this: Build, _options: unknown, bundle: Readonly<Record<string, Output>>) {
      const contents = new Map<string, string | Uint8Array>();
      for (const name of readdirSync(publicFolder))
        contents.set(name, readFileSync(new URL(name, publicFolder)));
      for (const [name, output] of Object.entries(bundle)) {
        if (!name.endsWith('.map')) contents.set(name, output.type === 'chunk' ? output.code : output.source);
      }
      const names = [...contents.keys()].sort();
      const hash = createHash('sha256');
      for (const name of names)
        hash
          .update(name)
          .update('\0')
          .update(contents.get(name) ?? '');
      const files = ['./', ...names.filter((name) => name !== 'index.html').map((name) => `./${name}`)];
      const template = readFileSync(new URL('./serviceWorker.js', import.meta.url), 'utf8');
      const source = template
        .replace("'__APP__'", JSON.stringify(app))
        .replace("'__VERSION__'", JSON.stringify(hash.digest('hex').slice(0, 16)))
        .replace("['__FILES__']", JSON.stringify(files));
      this.emitFile({ type: 'asset', fileName: 'sw.js', source });
    },
  };
}
