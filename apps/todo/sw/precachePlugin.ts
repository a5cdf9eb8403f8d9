import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';

/**
 * Writes `sw.js` with the list of everything the build made, so that the app starts without a network. The version
 * is a hash of names and contents: a build that changes nothing keeps the cache of the devices.
 */
export function precachePlugin(): Plugin {
  return {
    name: 'topgun-precache',
    apply: 'build',
    enforce: 'post',
    generateBundle(_options, bundle) {
      const publicFolder = fileURLToPath(new URL('../public', import.meta.url));
      const contents = new Map<string, string | Uint8Array>();
      for (const name of readdirSync(publicFolder))
        contents.set(name, readFileSync(`${publicFolder}/${name}`));
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
        .replace("'__VERSION__'", JSON.stringify(hash.digest('hex').slice(0, 16)))
        .replace("['__FILES__']", JSON.stringify(files));
      this.emitFile({ type: 'asset', fileName: 'sw.js', source });
    },
  };
}
