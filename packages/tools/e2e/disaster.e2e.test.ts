import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const disaster = fileURLToPath(new URL('../../sim/dist/disaster/main.js', import.meta.url));

it('[CLU-90] [CLU-91] all nodes, Redis and PostgreSQL end at once under load, and nothing that was answered is lost or done twice', async () => {
  // What goes wrong ends it with another code, and is in the error then.
  const options = { timeout: 290_000, killSignal: 'SIGKILL' } as const;
  const args = [disaster, '--rounds', '1', '--topics', 'redis'];
  const { stdout } = await promisify(execFile)(process.execPath, args, options);
  expect(stdout).toMatch(
    /^topics in redis: 1 disasters, \d{3,} acknowledged writes, \d{2,} additions, \d{2,} accepted messages, .* 0 faults,/,
  );
}, 300_000);
