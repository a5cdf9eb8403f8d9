import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const moves = fileURLToPath(new URL('../../sim/dist/moves/main.js', import.meta.url));

it('[CLU-11] [CLU-92] a node joins, one is drained and stopped, the others are restarted under load: no more moves than it must, and no app hears of it', async () => {
  // What goes wrong ends it with another code, and is in the error then. Times are for a machine that does nothing else.
  const options = { timeout: 290_000, killSignal: 'SIGKILL' } as const;
  const args = [moves, '--clients', '20', '--per-second', '60', '--calm', '100', '--untimed'];
  const { stdout } = await promisify(execFile)(process.execPath, args, options);
  expect(stdout).toMatch(
    /^20 clients, \d{3,} acknowledged writes that were timed, \d{2,} additions, 0 errors, 0 faults,/m,
  );
}, 300_000);
