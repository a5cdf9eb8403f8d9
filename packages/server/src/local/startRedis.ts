import { once } from 'node:events';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { claimPort, giveBack } from '../utils/claimPort.js';
import { tether } from './tether.js';

/** A Redis of one's own. */
export interface LocalRedis {
  readonly url: string;
  /** Ends it; its folder goes, unless it was given. */
  stop(): Promise<void>;
}

export interface LocalRedisOptions {
  /** path of `redis-server` or `valkey-server` */
  readonly program: string;
  /** where its data stay; a temporary folder when left out */
  readonly folder?: string | undefined;
}

/** It is small, so it starts in a moment; a busy machine takes longer. */
const START_MS_MAX = 30_000;

/** Starts a real Redis on a free port of 127.0.0.1. With a folder it keeps its data there. It ends with this process, however that ends. */
export async function startRedis({ program, folder }: LocalRedisOptions): Promise<LocalRedis> {
  const home = folder ?? mkdtempSync(join(tmpdir(), 'topgun-redis-'));
  mkdirSync(home, { recursive: true });
  const port = await claimPort();
  const settings = {
    port,
    bind: '127.0.0.1',
    dir: home,
    daemonize: 'no',
    appendonly: folder === undefined ? 'no' : 'yes',
    'maxmemory-policy': 'noeviction',
  };
  const { shell, release } = tether({
    program,
    args: [
      ...Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]),
      '--save',
      '',
    ],
    signal: 'TERM',
    cwd: home,
    ...(folder === undefined && { folder: home }),
  });
  await new Promise<void>((resolve, reject) => {
    let told = '';
    const timer = setTimeout(() => fail('it did not come up in time'), START_MS_MAX);
    const fail = (why: string): void => {
      clearTimeout(timer);
      release();
      giveBack(port);
      reject(new Error(`Redis did not start: ${why}\n${told}`));
    };
    const ended = (code: number | null): void => fail(`it ended with ${code}`);
    shell.once('error', (error) => fail(error.message));
    shell.once('exit', ended);
    shell.stderr.resume();
    shell.stdout.setEncoding('utf8').on('data', (text: string) => {
      told = `${told}${text}`.slice(-10_000);
      if (!/ready to accept connections/i.test(told)) return;
      clearTimeout(timer);
      shell.off('exit', ended);
      shell.stdout.removeAllListeners('data').resume();
      resolve();
    });
  });
  return {
    url: `redis://127.0.0.1:${port}`,
    stop: async () => {
      if (shell.exitCode !== null || shell.signalCode !== null) return;
      const gone = once(shell, 'exit');
      release();
      await gone;
      giveBack(port);
    },
  };
}
