import { type Postgres, startPostgres } from '@topgun/server/internal/storage/postgres/local/startPostgres';
import { Rng } from '../rng.js';
import { option } from './harness.js';
import { CLIENTS, LoadedServer } from './LoadedServer.js';

/** What is killed, and started again. */
type Victim = 'server' | 'PostgreSQL' | 'both';

/**
 * `npm run test:crash [-- --kills N --seed S --store embedded|postgres]`: 20 clients write all the time; the server is killed with SIGKILL
 * at a random moment and started again on the same data, 50 times. Over PostgreSQL that is killed too, alone or with the server, which
 * goes on by itself when it is back. Then a fresh client reads everything: for every key the number found must be at least the highest
 * one that was answered before the kill.
 */
async function main(): Promise<number> {
  const kills = option('kills') ?? 50;
  const seed = option('seed') ?? Date.now() % 1_000_000;
  const postgres = isOverPostgres() ? await startPostgres({ durable: true }) : undefined;
  const rng = new Rng(seed);
  const started = performance.now();
  const server = await LoadedServer.open('crash', postgres && { TOPGUN_DATABASE_URL: postgres.url });
  const killed: Record<Victim, number> = { server: 0, PostgreSQL: 0, both: 0 };
  let lost = 0;
  try {
    for (let kill = 1; kill <= kills; kill++) {
      const victim: Victim = postgres === undefined ? 'server' : rng.pick(['server', 'PostgreSQL', 'both']);
      killed[victim]++;
      const missing = await killAndReadBack(rng, server, victim, postgres);
      lost += missing.length;
      for (const line of missing.slice(0, 5)) console.log(`LOST after kill ${kill} (${victim}): ${line}`);
    }
  } finally {
    await server.close();
    await postgres?.stop();
  }
  const seconds = Math.round((performance.now() - started) / 1000);
  const parts = Object.entries(killed).flatMap(([name, count]) => (count > 0 ? [`${count} of ${name}`] : []));
  console.log(
    `${kills} kills (${parts.join(', ')}), ${server.acknowledgements} acknowledged writes of ${CLIENTS} clients, ${lost} lost, ${seconds} s, seed ${seed}`,
  );
  return lost === 0 ? 0 : 1;
}

function killAndReadBack(
  rng: Rng,
  server: LoadedServer,
  victim: Victim,
  postgres: Postgres | undefined,
): Promise<string[]> {
  const killServer = (): Promise<void> => server.process.kill();
  if (postgres === undefined || victim === 'server') return server.endAndReadBack(rng, killServer);
  if (victim === 'PostgreSQL') return server.endAndReadBack(rng, postgres.kill, postgres.restart);
  return server.endAndReadBack(
    rng,
    async () => {
      await Promise.all([killServer(), postgres.kill()]);
    },
    async () => {
      await postgres.restart();
      await server.start();
    },
  );
}

function isOverPostgres(): boolean {
  const at = process.argv.indexOf('--store');
  const store = at < 0 ? 'embedded' : process.argv[at + 1];
  if (store !== 'embedded' && store !== 'postgres')
    throw new Error(`--store is embedded or postgres, not ${store}`);
  return store === 'postgres';
}

process.exitCode = await main();
