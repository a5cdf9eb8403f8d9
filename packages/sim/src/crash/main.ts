import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Rng } from '../rng.js';
import { answersAfter, freePort, option, readBack, topgun } from './harness.js';
import { ServerProcess } from './ServerProcess.js';
import { CRASH_MAP, Writer } from './Writer.js';

const CLIENTS = 20;
const KEYS_PER_CLIENT = 50;
const OUTSTANDING = 20;

/**
 * `npm run test:crash [-- --kills N --seed S]`: 20 clients write all the time; the server is killed with SIGKILL at a random moment and
 * started again on the same folder, 50 times. After each start a fresh client reads everything: for every key the number found must be at
 * least the highest one that was answered before the kill.
 */
async function main(): Promise<number> {
  const kills = option('kills') ?? 50;
  const seed = option('seed') ?? Date.now() % 1_000_000;
  const rng = new Rng(seed);
  const folder = await mkdtemp(join(tmpdir(), 'topgun-crash-'));
  const secret = randomBytes(48).toString('base64');
  const policiesFile = join(folder, 'policies.json');
  await writeFile(policiesFile, JSON.stringify([{ role: 'user', map: CRASH_MAP, actions: ['READ', 'PUT'] }]));
  const env = { TOPGUN_JWT_SECRET: secret };
  const token = await topgun(['token', '--sub', 'crash-test', '--roles', 'user', '--ttl', '2h'], env);
  const server = new ServerProcess(
    ['--data-dir', join(folder, 'data'), '--policies-file', policiesFile, '--log-level', 'warn'],
    env,
  );
  const port = await freePort();
  const url = `ws://127.0.0.1:${port}`;
  const writers: Writer[] = [];
  const started = performance.now();
  let lost = 0;
  try {
    await server.start(port);
    for (let i = 0; i < CLIENTS; i++) writers.push(new Writer(url, token, `w${i}`, KEYS_PER_CLIENT));
    for (const writer of writers) writer.start(OUTSTANDING);
    for (let kill = 1; kill <= kills; kill++) {
      await answersAfter(writers, rng.int(200, 3000));
      await server.kill();
      const before = new Map(writers.flatMap((writer) => [...writer.acknowledged]));
      await server.start(port);
      const missing = await readBack(url, token, before);
      lost += missing.length;
      for (const line of missing.slice(0, 5)) console.log(`LOST after kill ${kill}: ${line}`);
    }
  } finally {
    await Promise.allSettled(writers.map((writer) => writer.stop()));
    await server.kill();
    await rm(folder, { recursive: true, force: true });
  }
  const acknowledged = writers.reduce((sum, writer) => sum + writer.acknowledgements, 0);
  const seconds = Math.round((performance.now() - started) / 1000);
  console.log(
    `${kills} kills, ${acknowledged} acknowledged writes of ${CLIENTS} clients, ${lost} lost, ${seconds} s, seed ${seed}`,
  );
  return lost === 0 ? 0 : 1;
}

process.exitCode = await main();
