import { spawn } from 'node:child_process';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:net';

const PATIENCE_MS = 30_000;

/** A Redis of its own, on a loopback port; it writes nothing to the disk. */
export interface BenchRedis {
  readonly url: string;
  /** ms that it takes to answer, of so many questions one after the other, ascending */
  answerTimes(count: number): Promise<number[]>;
  stop(): void;
}

/** Starts the program that TOPGUN_REDIS names, or `redis-server`. */
export async function startRedis(): Promise<BenchRedis> {
  const port = await freePort();
  const settings = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const child = spawn(process.env.TOPGUN_REDIS || 'redis-server', settings, { stdio: 'ignore' });
  const ended = new Promise<never>((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`redis-server ended with code ${code}`)));
  });
  ended.catch(() => undefined);
  process.once('exit', () => child.kill('SIGKILL'));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  await Promise.race([answers(port), ended]);
  return {
    url: `redis://127.0.0.1:${port}`,
    answerTimes: (count) => answerTimes(port, count),
    stop: () => void child.kill('SIGKILL'),
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function answers(port: number): Promise<void> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      await answerTimes(port, 1);
      return;
    } catch (error) {
      if (performance.now() > deadlineMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

function answerTimes(port: number, count: number): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1').setNoDelay(true).once('error', reject);
    const tookMs: number[] = [];
    let askedMs = 0;
    const ask = (): void => {
      askedMs = performance.now();
      socket.write('PING\r\n');
    };
    socket.once('connect', ask);
    socket.on('data', () => {
      tookMs.push(performance.now() - askedMs);
      if (tookMs.length < count) return ask();
      socket.destroy();
      resolve(tookMs.sort((a, b) => a - b));
    });
  });
}
