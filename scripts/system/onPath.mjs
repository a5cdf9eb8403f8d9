import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Absolute path of the first of these programs that PATH (or one of `folders`) holds, else undefined. */
export function onPath(names, folders = []) {
  const places = [...(process.env.PATH ?? '').split(delimiter), ...folders].filter((place) => place !== '');
  for (const name of names) {
    for (const place of places) {
      const candidate = join(place, name);
      if (isExecutable(candidate)) return candidate;
    }
  }
  return undefined;
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false; // not there, or not ours to run: both mean "look further"
  }
}
