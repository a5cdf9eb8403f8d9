import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const rolling = fileURLToPath(new URL('../../sim/dist/rolling/main.js', import.meta.url));

it('[OPS-44] [S003-1] [S003-3] [S004-16] [S004-27] [S004-29] nodes are restarted in turn, and one is killed: no client misses a message, those of living nodes lose no connection unannounced, nobody is refused', async () => {
  // What goes wrong ends it with another code, and is in the error then.
  const options = { timeout: 110_000, killSignal: 'SIGKILL' } as const;
  const { stdout } = await promisify(execFile)(process.execPath, [rolling, '--clients', '30'], options);
  expect(stdout).toMatch(
    /^3 restarts, 1 kills, 60 clients sent away \d{2,} times and cut \d+ times, \d{4,} messages heard, 0 faults,/,
  );
});
