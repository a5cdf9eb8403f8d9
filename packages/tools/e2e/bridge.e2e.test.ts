import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const bridge = fileURLToPath(new URL('../../sim/dist/bridge/main.js', import.meta.url));

it('[BRG-23] [S000-14] a server that is killed right after its 200 has the message when it is back', async () => {
  // What goes wrong ends it with another code, and is in the error then.
  const { stdout } = await promisify(execFile)(process.execPath, [bridge, '--kills', '3'], {
    timeout: 110_000,
    killSignal: 'SIGKILL',
  });
  expect(stdout).toMatch(/^3 kills, 6 accepted messages, 0 faults/);
});
