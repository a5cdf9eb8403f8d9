import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { type Tethered, tether } from '@topgun/server/local';
import { bin } from '../../../todo/e2e/TopgunProcess.js';

/** Several that start at once on a busy machine take their time. */
const START_MS_MAX = 60_000;

/** A real `topgun start`, which ends with this process. */
export class RunningNode {
  readonly url: string;
  readonly #args: readonly string[];
  readonly #env: Readonly<Record<string, string | undefined>>;
  #run: Tethered | undefined;
  #told = '';

  constructor(
    port: number,
    { args, env }: { readonly args: readonly string[]; readonly env: Readonly<Record<string, string>> },
  ) {
    this.url = `http://127.0.0.1:${port}`;
    this.#args = [bin, 'start', '--port', String(port), ...args];
    this.#env = { ...process.env, ...env };
  }

  /** Resolves when it listens and has loaded. */
  async start(): Promise<void> {
    const run = tether({
      program: process.execPath,
      args: this.#args,
      signal: 'TERM',
      cwd: tmpdir(),
      env: this.#env,
    });
    this.#run = run;
    const { shell } = run;
    await new Promise<void>((resolve, reject) => {
      const fail = (why: string): void => reject(new Error(`A node ${why}:\n${this.#told}`));
      const timer = setTimeout(() => fail('did not come up in time'), START_MS_MAX);
      timer.unref();
      shell.once('error', ({ message }) => fail(message));
      shell.once('exit', (code) => fail(`ended with ${code}`));
      for (const stream of [shell.stdout, shell.stderr])
        stream.setEncoding('utf8').on('data', (text: string) => {
          this.#told = `${this.#told}${text}`.slice(-4_000);
          if (!/ listens on http/.test(this.#told)) return;
          clearTimeout(timer);
          resolve();
        });
    });
  }

  async stop(): Promise<void> {
    const shell = this.#run?.shell;
    if (shell === undefined || shell.exitCode !== null) return;
    const gone = once(shell, 'exit');
    this.#run?.release();
    await gone;
  }
}
