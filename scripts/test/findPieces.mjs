import { onPath } from '../system/onPath.mjs';
import { pieces } from '../system/pieces.mjs';

/** Before the first unit test: names the PostgreSQL of this machine, also for who starts vitest without our scripts. */
export function setup() {
  const { env, programs, folders } = pieces.postgres;
  const found = process.env[env] || onPath(programs, folders);
  if (found !== undefined) process.env[env] = found;
}
