import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const drain = fileURLToPath(new URL('../../sim/dist/drain/main.js', import.meta.url));

it('[FLOW-10] [FLOW-11] a server that gets SIGTERM under load ends by itself, loses nothing, and no app hears of it', async () => {
  // What goes wrong ends it with another code, and is in the error then.
  const options = { timeout: 110_000, killSignal: 'SIGKILL' } as const;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [drain, '--stops', '2', '--seed', '1'],
    options,
  );
  expect(stdout).toMatch(/^2 stops, \d{3,} acknowledged writes of 20 clients, 0 faults,/);
});
