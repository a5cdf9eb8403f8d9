import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** What the server of the idle connections checks tokens with. */
export const BENCH_SECRET = 'a secret of thirty-two bytes, ok!';

const bin = fileURLToPath(new URL('../../../../bin/topgun.js', import.meta.url));

/** A token as `topgun token` makes it. All connections show the same one; each is checked, and remembered, by itself. */
export const benchToken = (): string =>
  execFileSync(process.execPath, [bin, 'token', '--sub', 'bench', '--roles', 'USER', '--ttl', '1h'], {
    encoding: 'utf8',
    env: { ...process.env, TOPGUN_JWT_SECRET: BENCH_SECRET },
  }).trim();
