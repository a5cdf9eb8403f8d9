import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cliError } from '../cliErrors.js';

/** As compose itself looks for them. */
const NAMES = ['compose.yaml', 'compose.yml', 'docker-compose.yaml', 'docker-compose.yml'];
/** That of this repository, seen from the built command. */
const OWN = '../../../../docs/deploy/docker/compose.yaml';

/** The file that was named, else the one of the folder, else that of the repository. Throws COMPOSE_FILE_MISSING. */
export function findComposeFile(named: string | undefined, cwd: string): string {
  if (named !== undefined) {
    const path = resolve(cwd, named);
    if (existsSync(path)) return path;
    throw cliError('COMPOSE_FILE_MISSING', `There is no ${path}.`);
  }
  const places = [...NAMES.map((name) => join(cwd, name)), fileURLToPath(new URL(OWN, import.meta.url))];
  const found = places.find((path) => existsSync(path));
  if (found === undefined) throw cliError('COMPOSE_FILE_MISSING', `${cwd} has no compose file.`);
  return found;
}

/**
 * Makes the `.env` of a compose file with an `env.example` beside it, where there is none: each empty value becomes a secret of its own, readable
 * by this user alone. Resolves with its path when it made one.
 */
export function makeSecrets(composeFile: string): string | undefined {
  const folder = dirname(composeFile);
  const [example, own] = [join(folder, 'env.example'), join(folder, '.env')];
  if (existsSync(own) || !existsSync(example)) return undefined;
  const text = readFileSync(example, 'utf8').replace(
    /^(\w+)=$/gm,
    (_, name: string) => `${name}=${randomBytes(32).toString('hex')}`,
  );
  writeFileSync(own, text, { mode: 0o600, flag: 'wx' });
  return own;
}
