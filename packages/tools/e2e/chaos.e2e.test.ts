import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const chaos = fileURLToPath(new URL('../../sim/dist/chaos/main.js', import.meta.url));

// What goes wrong ends it with another code, and is in the error then.
const run = (faults: readonly string[], ...args: string[]) =>
  promisify(execFile)(
    process.execPath,
    [chaos, '--clients', '30', '--rate', '40', '--faults', faults.join(), ...args],
    { timeout: 280_000, killSignal: 'SIGKILL' },
  );

it('[CLU-80] [CLU-81] [CLU-83] [CLU-84] [C8] [D1] [D4] [O1] a cluster goes through faults of each group: no answered write is lost, none done twice, all clients and nodes end equal, who was taken over writes nothing', async () => {
  const faults = [
    'link silent then late',
    'node killed',
    'clients cut',
    'PostgreSQL stopped immediately',
    'Redis killed',
    'link half open',
    'node paused with commits under way',
    'PostgreSQL terminates connections',
    'Redis flushed',
  ];
  const { stdout } = await run(faults);
  expect(stdout).toMatch(
    /^9 faults of 9 kinds, 30 clients, \d{3,} ops answered as durable, \d{2,} messages, 0 broken promises/m,
  );
}, 300_000);

it('[CLU-83] [O1] where the fence is taken out of the database that is found out', async () => {
  const told = run(['node paused with commits under way'], '--redis', 'none', '--lower-fence').then(
    () => 'nothing',
    ({ stdout }: { readonly stdout: string }) => stdout,
  );
  // Late by its own membership, or by that of the others: whichever the late commit meets.
  expect(await told).toMatch(
    /^FAULT: O1: node-\d (has written \d+ rows after it was taken over|wrote to partition \d+)/m,
  );
}, 300_000);
