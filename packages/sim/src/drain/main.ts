import { answersAfter, option } from '../crash/harness.js';
import { CLIENTS, LoadedServer } from '../crash/LoadedServer.js';
import { Rng } from '../rng.js';

/** A supervisor waits for 30 s; the server promises 25 (FLOW-10). */
const LIMIT_MS = 25_000;

/**
 * `npm run test:drain [-- --stops N --seed S]`: 20 clients write all the time; the server gets SIGTERM at a random moment and is started
 * again on the same folder, 20 times. It has to end by itself within 25 s and with code 0; whatever was answered has to be there
 * afterwards; and no client may have told its app of an error, a rejection or a connection given up (FLOW-10, FLOW-11).
 */
async function main(): Promise<number> {
  const stops = option('stops') ?? 20;
  const seed = option('seed') ?? Date.now() % 1_000_000;
  const rng = new Rng(seed);
  const server = await LoadedServer.open('drain');
  const faults: string[] = [];
  let longestMs = 0;
  try {
    for (let stop = 1; stop <= stops; stop++) {
      const missing = await server.endAndReadBack(rng, async () => {
        const { code, ms, output } = await server.process.terminate(LIMIT_MS);
        longestMs = Math.max(longestMs, ms);
        if (code !== 0) faults.push(`stop ${stop} ended with code ${code}: ${output}`);
      });
      for (const line of missing) faults.push(`lost after stop ${stop}: ${line}`);
    }
    // All clients are back and write.
    await answersAfter(server.writers, 1_000);
    for (const [i, { troubles }] of server.writers.entries())
      for (const trouble of troubles) faults.push(`client ${i}: ${trouble}`);
  } finally {
    await server.close();
  }
  for (const fault of faults.slice(0, 10)) console.log(`FAULT ${fault}`);
  console.log(
    `${stops} stops, ${server.acknowledgements} acknowledged writes of ${CLIENTS} clients, ${faults.length} faults, longest stop ${Math.round(longestMs)} ms, seed ${seed}`,
  );
  return faults.length === 0 ? 0 : 1;
}

process.exitCode = await main();
