import { execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { TopGunClient } from '@topgun/client';
import { ownStore } from './ownStore.js';
import { type Counted, CRASH_MAP, type Writer } from './Writer.js';

const bin = fileURLToPath(new URL('../../../../bin/topgun.js', import.meta.url));

/** Runs one `topgun` command to its end and gives what it prints; meanwhile clients of this process go on. Rejects when it fails. */
export async function topgun(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [bin, ...args], {
    env: { ...process.env, ...env },
  });
  return stdout.trim();
}

/** What is given on the command line. */
export function text(name: string): string | undefined {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
}

/** A number given on the command line. */
export function option(name: string): number | undefined {
  const given = text(name);
  return given === undefined ? undefined : Number(given);
}

/**
 * A port that nobody listens on, below those that the system gives to connections: a server that is killed has to find its own free again,
 * and any connection of any other program may have taken it meanwhile.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 30_000);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}

/** Waits until the writers got `count` more answers, so that what follows falls into live traffic. */
export async function answersAfter(writers: readonly Writer[], count: number): Promise<void> {
  const total = (): number => writers.reduce((sum, writer) => sum + writer.acknowledgements, 0);
  const goal = total() + count;
  const deadline = performance.now() + 30_000;
  while (total() < goal) {
    for (const writer of writers) writer.check();
    if (performance.now() > deadline) throw new Error(`Only ${total()} of ${goal} answers came within 30 s`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Reads a whole map with a client of its own; names every key whose number fell below what was answered. */
export function readBack(
  url: string,
  token: string | undefined,
  expected: ReadonlyMap<string, number>,
  name: string = CRASH_MAP,
): Promise<string[]> {
  return asReader(url, token, async (client) => {
    const map = client.getMap<Counted>(name);
    await client.whenSynced();
    return [...expected]
      .filter(([key, n]) => (map.get(key)?.n ?? 0) < n)
      .map(([key, n]) => `${key} holds ${map.get(key)?.n ?? 'nothing'}, answered was ${n}`);
  });
}

/** Lends a client that knows nothing but what this server tells it. */
export async function asReader<T>(
  serverUrl: string,
  token: string | undefined,
  read: (client: TopGunClient) => Promise<T>,
): Promise<T> {
  const client = new TopGunClient({ serverUrl, ...ownStore(), ...(token !== undefined && { token }) });
  try {
    return await read(client);
  } finally {
    await client.close();
  }
}
