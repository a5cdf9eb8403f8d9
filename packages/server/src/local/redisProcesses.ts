import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { claimPort, giveBack } from '../utils/claimPort.js';

/** One real redis-server on a loopback port of its own. */
export interface RedisProcess {
  readonly host: string;
  readonly port: number;
  readonly url: string;
  /** Ends it at once, as a crash does; its data on the disk stay. */
  kill(): Promise<void>;
  /** Ends it in order. */
  stop(): Promise<void>;
  /** Starts it again on its port, with what its disk holds. */
  start(): Promise<void>;
  /** Holds it: connections stay open, and nothing is answered. */
  pause(): void;
  resume(): void;
  readonly isRunning: boolean;
  /** Asks it something through a connection that ends with the answer. */
  ask(command: string, ...args: string[]): Promise<unknown>;
}

/** Time for what a machine does when nothing is wrong with it, even a busy one. */
const PATIENCE_MS = 30_000;
const running = new Set<ChildProcess>();

// However this process ends, it leaves no server behind.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** The program redis-server; the scripts of this repository find it and name it in TOPGUN_REDIS. */
const program = (): string => process.env.TOPGUN_REDIS || 'redis-server';

/** Resolves when `isTrue` does with true. Throws what it waits for when that takes too long. */
export async function eventually(
  what: string,
  isTrue: () => boolean | Promise<boolean>,
  patienceMs = PATIENCE_MS,
): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (!(await isTrue())) {
    if (performance.now() > deadline) throw new Error(`not within ${patienceMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A group of servers in one folder, all ended by `dispose`. */
export class RedisGroup {
  readonly folder = mkdtempSync(join(tmpdir(), 'topgun-redis-'));
  readonly #processes: RedisProcess[] = [];
  readonly #ports: number[] = [];

  /** Settings as in redis.conf, one a line; nothing is written to the disk unless they say so. */
  async start(settings: readonly string[] = [], isSentinel = false): Promise<RedisProcess> {
    const port = await this.#claim();
    const folder = mkdtempSync(join(this.folder, `${port}-`));
    const file = join(folder, 'redis.conf');
    const common = [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${folder}`,
      'save ""',
      'daemonize no',
      'loglevel warning',
    ];
    const plain = isSentinel ? common.filter((line) => !line.startsWith('save')) : common;
    writeFileSync(file, `${[...plain, ...settings].join('\n')}\n`);
    const redis = new OneRedis(port, file, isSentinel);
    this.#processes.push(redis);
    await redis.start();
    return redis;
  }

  /** One that speaks TLS too; resolves with its port for that. */
  async startTls(certFile: string, keyFile: string): Promise<number> {
    const tlsPort = await this.#claim();
    const tls = [
      `tls-port ${tlsPort}`,
      `tls-cert-file ${certFile}`,
      `tls-key-file ${keyFile}`,
      'tls-auth-clients no',
    ];
    await this.start([...tls, `tls-ca-cert-file ${certFile}`]);
    return tlsPort;
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#processes.map((redis) => redis.kill()));
    rmSync(this.folder, { recursive: true, force: true });
    for (const port of this.#ports) giveBack(port);
  }

  async #claim(): Promise<number> {
    const port = await claimPort();
    this.#ports.push(port);
    return port;
  }
}

class OneRedis implements RedisProcess {
  readonly host = '127.0.0.1';
  readonly port: number;
  readonly #file: string;
  readonly #isSentinel: boolean;
  #child: ChildProcess | undefined;

  constructor(port: number, file: string, isSentinel: boolean) {
    this.port = port;
    this.#file = file;
    this.#isSentinel = isSentinel;
  }

  get url(): string {
    return `redis://${this.host}:${this.port}`;
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  async start(): Promise<void> {
    const child = spawn(program(), [this.#file, ...(this.#isSentinel ? ['--sentinel'] : [])], {
      stdio: 'pipe',
    });
    let told = '';
    child.stdout.on('data', (text: Buffer) => {
      told = `${told}${text}`.slice(-5_000);
    });
    child.stderr.resume();
    child.once('exit', () => {
      running.delete(child);
      if (this.#child === child) this.#child = undefined;
    });
    child.once('error', (error) => {
      told += `${error}: npm test looks for redis-server and says how to install it`;
      this.#child = undefined;
    });
    running.add(child);
    this.#child = child;
    await eventually(`redis-server on ${this.port} answers`, async () => {
      if (this.#child !== child) throw new Error(`redis-server has ended: ${told}`);
      try {
        await this.ask('PING');
        return true;
      } catch (error) {
        // One that asks for a password answers.
        return /NOAUTH/.test(String(error));
      }
    });
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  pause(): void {
    this.#child?.kill('SIGSTOP');
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  async ask(command: string, ...args: string[]): Promise<unknown> {
    const redis = new Redis({
      host: this.host,
      port: this.port,
      lazyConnect: true,
      retryStrategy: null,
      enableReadyCheck: false,
      maxRetriesPerRequest: 0,
      disableClientInfo: true,
    });
    // What the handshake failed with is not what the connection is ended with.
    let cause: Error | undefined;
    redis.on('error', (error: Error) => {
      cause ??= error;
    });
    try {
      await redis.connect();
      return await redis.call(command, ...args);
    } catch (error) {
      throw cause ?? error;
    } finally {
      redis.disconnect();
    }
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    child.kill('SIGCONT');
    await ended;
  }
}
