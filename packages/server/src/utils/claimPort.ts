import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** As Redis Cluster needs it, a server has another port so far above its own. */
const BUS_PORT_ABOVE = 10_000;
const FIRST = 10_000;
/** Below the ports that the system gives to connections. */
const COUNT = 12_000;

/** Of each user one: who may not write there would find no port. */
const folder = join(tmpdir(), `topgun-ports-${process.getuid?.() ?? 0}`);
const claimed = new Set<number>();
let next = 0;

process.on('exit', () => {
  for (const port of claimed) giveBack(port);
});

/**
 * A port nobody listens on, for a server of a test or of a local cluster that is killed and started again on it: until `giveBack` no other such process gets it,
 * also while nobody listens there, and no connection of any program, as one that the system gives may. A Redis Cluster would take in whoever answers
 * where a node of it was.
 */
export async function claimPort(): Promise<number> {
  mkdirSync(folder, { recursive: true });
  for (;;) {
    // Processes of tests begin at different places.
    next = FIRST + ((next === 0 ? process.pid * 37 : next - FIRST + 1) % COUNT);
    const port = next;
    if (!claim(port)) continue;
    if ((await isFree(port)) && (await isFree(port + BUS_PORT_ABOVE))) return port;
    giveBack(port);
  }
}

export function giveBack(port: number): void {
  if (claimed.delete(port)) rmSync(join(folder, String(port)), { force: true });
}

function claim(port: number): boolean {
  const file = join(folder, String(port));
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    claimed.add(port);
    return true;
  } catch {
    // Somebody has it; one that was killed has not given it back, and the next one finds it free.
    if (!isAlive(file)) rmSync(file, { force: true });
    return false;
  }
}

function isAlive(file: string): boolean {
  try {
    process.kill(Number(readFileSync(file, 'utf8')) || process.pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
