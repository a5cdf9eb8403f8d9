import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const logs = fileURLToPath(new URL('../../sim/dist/logs/main.js', import.meta.url));

it('[LOG-14] [S000-14] what a log has accepted is there after SIGKILL, in its place', async () => {
  // What goes wrong ends it with another code, and is in the error then.
  const { stdout } = await promisify(execFile)(process.execPath, [logs, '--kills', '5', '--seed', '1'], {
    timeout: 110_000,
    killSignal: 'SIGKILL',
  });
  expect(stdout).toMatch(/^5 kills, \d{2,} accepted messages, 0 faults,/);
});
