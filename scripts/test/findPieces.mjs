import { onPath } from '../system/onPath.mjs';
import { pieces } from '../system/pieces.mjs';

/** Before the first unit test: names the PostgreSQL and the Redis of this machine, also for who starts vitest without our scripts. */
export function setup() {
  for (const { env, programs, folders } of [pieces.postgres, pieces.redis]) {
    const found = process.env[env] || onPath(programs, folders);
    if (found !== undefined) process.env[env] = found;
  }
}
