import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const cluster = fileURLToPath(new URL('../../sim/dist/cluster/main.js', import.meta.url));

it('[CLU-12] [CLU-13] [CLU-14] [CLU-30] [CLU-32] [CLU-33] three nodes are one server: one is killed and one stopped under load, no answered write is lost and none done twice', async () => {
  // What goes wrong ends it with another code, and is in the error then.
  const options = { timeout: 170_000, killSignal: 'SIGKILL' } as const;
  const { stdout } = await promisify(execFile)(process.execPath, [cluster], options);
  expect(stdout).toMatch(/^1 kills, 1 stops, \d{3,} acknowledged writes, \d{2,} additions, .* 0 faults,/);
}, 180_000);
