import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { option } from '../crash/harness.js';
import { Rng } from '../rng.js';
import { type Accepted, appendAndKill, readLog } from './killedLog.js';

/**
 * `npm run test:logs [-- --kills N --seed S]`: a process appends to the log of topics with eight writers at once and is killed with SIGKILL
 * at a random moment, 50 times on one folder. After each kill every message that was accepted has to be there at its place (LOG-14), and
 * places go on above all that were ever given (LOG-2).
 */
async function main(): Promise<number> {
  const kills = option('kills') ?? 50;
  const seed = option('seed') ?? Date.now() % 1_000_000;
  const rng = new Rng(seed);
  const folder = await mkdtemp(join(tmpdir(), 'topgun-logs-'));
  const accepted: Accepted[] = [];
  const faults: string[] = [];
  try {
    for (let life = 1; life <= kills; life++) {
      const before = accepted.at(-1)?.offset ?? 0;
      const told = await appendAndKill(folder, life, rng.int(20, 400));
      accepted.push(...told);
      for (const [i, { offset }] of told.entries())
        if (offset <= (told[i - 1]?.offset ?? before))
          faults.push(`life ${life} gave ${offset} again, or went back`);
      const { ids, next } = await readLog(folder);
      for (const { topic, offset, id } of accepted)
        if (ids.get(offset) !== `${topic} ${id}`) faults.push(`after kill ${life} ${id} is not at ${offset}`);
      if (next <= (told.at(-1)?.offset ?? 0)) faults.push(`after kill ${life} places begin again at ${next}`);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
  for (const fault of faults.slice(0, 10)) console.log(`FAULT ${fault}`);
  console.log(`${kills} kills, ${accepted.length} accepted messages, ${faults.length} faults, seed ${seed}`);
  return faults.length === 0 ? 0 : 1;
}

process.exitCode = await main();
