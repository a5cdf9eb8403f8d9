import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Where a built demo can lie: in the published package, or beside it in the repository. */
const places = ['./demo/', '../../../apps/todo/dist/'];

/** Folder of the built demo app; undefined when it was never built. */
export function demoFolder(): string | undefined {
  const place = places.find((path) => existsSync(new URL(`${path}index.html`, import.meta.url)));
  return place === undefined ? undefined : fileURLToPath(new URL(place, import.meta.url));
}
