import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Folder of the built demo app; undefined when it was never built. */
export function demoFolder(): string | undefined {
  return firstBuilt(['./demo/', '../../../apps/todo/dist/']);
}

/** Folder of the built dashboard; undefined when it was never built. */
export function adminFolder(): string | undefined {
  return firstBuilt(['./admin/', '../../../apps/admin/dist/']);
}

/** Each can lie in the published package, or beside it in the repository. */
function firstBuilt(places: readonly string[]): string | undefined {
  const place = places.find((path) => existsSync(new URL(`${path}index.html`, import.meta.url)));
  return place === undefined ? undefined : fileURLToPath(new URL(place, import.meta.url));
}
