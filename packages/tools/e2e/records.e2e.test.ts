import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const records = fileURLToPath(new URL('../../sim/dist/records/main.js', import.meta.url));

it('[REC-8] [REC-12] requests with one key, at once and over kills of the server, have their effect once', async () => {
  // What goes wrong ends it with another code, and is in the error then.
  const { stdout } = await promisify(execFile)(process.execPath, [records, '--kills', '3'], {
    timeout: 110_000,
    killSignal: 'SIGKILL',
  });
  expect(stdout).toMatch(/^3 kills, [1-9]\d* keys, [1-9]\d* answers, .* 0 faults/);
});
