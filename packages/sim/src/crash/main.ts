import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MemoryAdapter } from '@topgun/adapters';
import { TopGunClient } from '@topgun/client';
import { Rng } from '../rng.js';
import { ServerProcess } from './ServerProcess.js';
import type { Counted } from './Writer.js';
import { CRASH_MAP, Writer } from './Writer.js';

const bin = fileURLToPath(new URL('../../../../bin/topgun.js', import.meta.url));
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
  const token = execFileSync(
    process.execPath,
    [bin, 'token', '--sub', 'crash-test', '--roles', 'user', '--ttl', '2h'],
    {
      env: { ...process.env, ...env },
    },
  )
    .toString()
    .trim();
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

/** Waits until the writers got `count` more answers, so that each kill falls into live traffic. */
async function answersAfter(writers: readonly Writer[], count: number): Promise<void> {
  const total = (): number => writers.reduce((sum, writer) => sum + writer.acknowledgements, 0);
  const goal = total() + count;
  const deadline = performance.now() + 30_000;
  while (total() < goal) {
    if (performance.now() > deadline) throw new Error(`Only ${total()} of ${goal} answers came within 30 s`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Reads the whole map with a client of its own; names every key whose number fell below what was answered. */
async function readBack(
  url: string,
  token: string,
  expected: ReadonlyMap<string, number>,
): Promise<string[]> {
  const client = new TopGunClient({
    serverUrl: url,
    token,
    storage: new MemoryAdapter(),
    storeName: 'reader',
  });
  try {
    const map = client.getMap<Counted>(CRASH_MAP);
    await client.whenSynced();
    return [...expected]
      .filter(([key, n]) => (map.get(key)?.n ?? 0) < n)
      .map(([key, n]) => `${key} holds ${map.get(key)?.n ?? 'nothing'}, answered was ${n}`);
  } finally {
    await client.close();
  }
}

function option(name: string): number | undefined {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : Number(process.argv[at + 1]);
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('The probe socket has no port');
  return address.port;
}

process.exitCode = await main();
