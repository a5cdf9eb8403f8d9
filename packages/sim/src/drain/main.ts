import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answersAfter, freePort, option, readBack, topgun } from '../crash/harness.js';
import { ServerProcess } from '../crash/ServerProcess.js';
import { CRASH_MAP, Writer } from '../crash/Writer.js';
import { Rng } from '../rng.js';

const CLIENTS = 20;
const KEYS_PER_CLIENT = 50;
const OUTSTANDING = 20;
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
  const folder = await mkdtemp(join(tmpdir(), 'topgun-drain-'));
  const policiesFile = join(folder, 'policies.json');
  await writeFile(policiesFile, JSON.stringify([{ role: 'user', map: CRASH_MAP, actions: ['READ', 'PUT'] }]));
  const env = { TOPGUN_JWT_SECRET: randomBytes(48).toString('base64') };
  const token = await topgun(['token', '--sub', 'drain-test', '--roles', 'user', '--ttl', '2h'], env);
  const server = new ServerProcess(
    ['--data-dir', join(folder, 'data'), '--policies-file', policiesFile, '--log-level', 'warn'],
    env,
  );
  const port = await freePort();
  const url = `ws://127.0.0.1:${port}`;
  const writers: Writer[] = [];
  const faults: string[] = [];
  let longestMs = 0;
  try {
    await server.start(port);
    for (let i = 0; i < CLIENTS; i++) writers.push(new Writer(url, token, `w${i}`, KEYS_PER_CLIENT));
    for (const writer of writers) writer.start(OUTSTANDING);
    for (let stop = 1; stop <= stops; stop++) {
      await answersAfter(writers, rng.int(200, 3000));
      const { code, ms, output } = await server.terminate(LIMIT_MS);
      longestMs = Math.max(longestMs, ms);
      if (code !== 0) faults.push(`stop ${stop} ended with code ${code}: ${output}`);
      const before = new Map(writers.flatMap((writer) => [...writer.acknowledged]));
      await server.start(port);
      for (const line of await readBack(url, token, before)) faults.push(`lost after stop ${stop}: ${line}`);
    }
    // All clients are back and write.
    await answersAfter(writers, 1_000);
    for (const [i, { troubles }] of writers.entries())
      for (const trouble of troubles) faults.push(`client ${i}: ${trouble}`);
  } finally {
    await Promise.allSettled(writers.map((writer) => writer.stop()));
    await server.kill();
    await rm(folder, { recursive: true, force: true });
  }
  for (const fault of faults.slice(0, 10)) console.log(`FAULT ${fault}`);
  const acknowledged = writers.reduce((sum, writer) => sum + writer.acknowledgements, 0);
  console.log(
    `${stops} stops, ${acknowledged} acknowledged writes of ${CLIENTS} clients, ${faults.length} faults, longest stop ${Math.round(longestMs)} ms, seed ${seed}`,
  );
  return faults.length === 0 ? 0 : 1;
}

process.exitCode = await main();
