import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { freePort } from '../crash/harness.js';

/** A machine that does something else as well takes its time. */
const START_MS_MAX = 20_000;

/** A real redis-server on a free port of 127.0.0.1 that writes nothing to the disk; `TOPGUN_REDIS` names the program. */
export class RedisServer {
  readonly url: string;
  readonly #port: number;
  readonly #child: ChildProcess;

  private constructor(port: number, child: ChildProcess) {
    this.#port = port;
    this.url = `redis://127.0.0.1:${port}`;
    this.#child = child;
    process.on('exit', () => child.kill('SIGKILL'));
  }

  static async start(): Promise<RedisServer> {
    const port = await freePort();
    const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
    const child = spawn(process.env.TOPGUN_REDIS || 'redis-server', args, { stdio: 'ignore' });
    const redis = new RedisServer(port, child);
    const failed = once(child, 'error').then(([error]) => Promise.reject(error));
    failed.catch(() => undefined);
    const deadline = performance.now() + START_MS_MAX;
    while (!(await Promise.race([isAnswered(port, 'PING'), failed]))) {
      if (performance.now() > deadline)
        throw new Error(`redis-server did not answer within ${START_MS_MAX} ms`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return redis;
  }

  /** Everything in it is gone. */
  async flushAll(): Promise<void> {
    if (!(await isAnswered(this.#port, 'FLUSHALL'))) throw new Error('Redis did not take FLUSHALL');
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }
}

/** Whether Redis says yes to a command. */
function isAnswered(port: number, command: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(`${command}\r\n`));
    const done = (isYes: boolean): void => {
      socket.destroy();
      resolve(isYes);
    };
    socket.once('data', (answer) => done(answer.toString().startsWith('+')));
    socket.once('error', () => done(false));
  });
}
