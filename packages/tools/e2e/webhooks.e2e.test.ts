import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const webhooks = fileURLToPath(new URL('../../sim/dist/webhooks/main.js', import.meta.url));

it('[HOOK-6] [HOOK-8] [HOOK-22] [HOOK-33] no acknowledged write is left untold and no event forgotten over SIGKILL', async () => {
  // What goes wrong ends it with another code, and is in the error then.
  const { stdout } = await promisify(execFile)(process.execPath, [webhooks, '--kills', '3', '--seed', '1'], {
    timeout: 110_000,
    killSignal: 'SIGKILL',
  });
  expect(stdout).toMatch(
    /^3 kills, \d{2,} acknowledged writes told in \d{2,} .* \d{2,} events taken in, 0 faults,/,
  );
});
