import { readFileSync } from 'node:fs';

/** Version of this package, from the manifest that is published with it. */
export function cliVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return (manifest as { readonly version: string }).version;
}
