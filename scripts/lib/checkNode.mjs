import { readJson, rootPath } from './root.mjs';
import { SetupError } from './SetupError.mjs';

/** Throws unless this Node is at least the one that package.json asks for (`>=major.minor`). */
export function checkNode(version = process.versions.node) {
  const wanted = readJson(rootPath('package.json')).engines.node;
  const [major, minor] = wanted.replace('>=', '').split('.').map(Number);
  const [foundMajor, foundMinor] = version.split('.').map(Number);
  if (foundMajor > major || (foundMajor === major && foundMinor >= minor)) return;
  throw new SetupError(
    `TopGun needs Node ${wanted}; this is ${version}.`,
    'Install a newer Node from https://nodejs.org and run the command again.',
  );
}
