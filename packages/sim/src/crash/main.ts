import { Rng } from '../rng.js';
import { option } from './harness.js';
import { CLIENTS, LoadedServer } from './LoadedServer.js';

/**
 * `npm run test:crash [-- --kills N --seed S]`: 20 clients write all the time; the server is killed with SIGKILL at a random moment and
 * started again on the same folder, 50 times. After each start a fresh client reads everything: for every key the number found must be at
 * least the highest one that was answered before the kill.
 */
async function main(): Promise<number> {
  const kills = option('kills') ?? 50;
  const seed = option('seed') ?? Date.now() % 1_000_000;
  const rng = new Rng(seed);
  const started = performance.now();
  const server = await LoadedServer.open('crash');
  let lost = 0;
  try {
    for (let kill = 1; kill <= kills; kill++) {
      const missing = await server.endAndReadBack(rng, () => server.process.kill());
      lost += missing.length;
      for (const line of missing.slice(0, 5)) console.log(`LOST after kill ${kill}: ${line}`);
    }
  } finally {
    await server.close();
  }
  const seconds = Math.round((performance.now() - started) / 1000);
  console.log(
    `${kills} kills, ${server.acknowledgements} acknowledged writes of ${CLIENTS} clients, ${lost} lost, ${seconds} s, seed ${seed}`,
  );
  return lost === 0 ? 0 : 1;
}

process.exitCode = await main();
