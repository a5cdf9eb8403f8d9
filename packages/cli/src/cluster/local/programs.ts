import { accessSync, constants, existsSync, readdirSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import type { CliIo } from '../../CliIo.js';
import { cliError } from '../../cliErrors.js';

type Env = CliIo['env'];

/** Where systems keep the programs of a PostgreSQL server that PATH does not name: a folder per version, the newest first. */
function postgresFolders(): string[] {
  const versions = (folder: string, of: RegExp, below: string): string[] =>
    (existsSync(folder) ? readdirSync(folder) : [])
      .filter((name) => of.test(name))
      .sort((one, other) => Number(other.replace(/\D/g, '')) - Number(one.replace(/\D/g, '')))
      .map((name) => join(folder, name, below));
  return [
    ...versions('/usr/lib/postgresql', /^\d+$/, 'bin'),
    ...versions('/opt/homebrew/opt', /^postgresql(@\d+)?$/, 'bin'),
    ...versions('/usr/local/opt', /^postgresql(@\d+)?$/, 'bin'),
    ...versions('/Applications/Postgres.app/Contents/Versions', /^\d+$/, 'bin'),
  ];
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    // Not there, or not ours to run: looked for further.
    return false;
  }
}

/** What `variable` names, else the first of these programs on PATH, else in one of the folders. */
function find(
  env: Env,
  variable: string,
  names: readonly string[],
  folders: readonly string[],
  isFit: (path: string) => boolean,
): string | undefined {
  const named = env[variable];
  if (named !== undefined && named !== '') return isProgram(named) && isFit(named) ? named : undefined;
  const places = [...(env.PATH ?? '').split(delimiter).filter((place) => place !== ''), ...folders];
  return names
    .flatMap((name) => places.map((place) => join(place, name)))
    .find((path) => isProgram(path) && isFit(path));
}

/** The program `postgres`, with `initdb` beside it. Throws POSTGRES_MISSING. */
export function findPostgres(env: Env, folders = postgresFolders()): string {
  const hasInitdb = (path: string): boolean => existsSync(join(dirname(realpathSync(path)), 'initdb'));
  const found = find(env, 'TOPGUN_POSTGRES', ['postgres'], folders, hasInitdb);
  if (found === undefined) throw cliError('POSTGRES_MISSING', 'No PostgreSQL server is on this machine.');
  return found;
}

/** `redis-server` or `valkey-server`; undefined where there is none. */
export const findRedis = (
  env: Env,
  folders: readonly string[] = ['/usr/bin', '/usr/local/bin', '/opt/homebrew/bin'],
): string | undefined => find(env, 'TOPGUN_REDIS', ['redis-server', 'valkey-server'], folders, () => true);
