import { once } from 'node:events';
import { type Tethered, tether } from '@topgun/server/local';
import { cliError } from '../../cliErrors.js';
import { byLine } from './byLine.js';

export type NodeState = 'stopped' | 'starting' | 'running' | 'paused';

/** How a node is run. */
export interface LocalNodeParts {
  readonly name: string;
  /** that clients are told */
  readonly port: number;
  /** program and arguments before those of `topgun start` */
  readonly command: readonly [program: string, ...args: string[]];
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** a line that it printed */
  readonly onLine: (line: string) => void;
}

/** How long a node may take to load and to listen. */
const START_MS_MAX = 120_000;

/** A node of a cluster on this machine: a process that is started, paused and killed. It ends with this process. */
export class LocalNode {
  readonly name: string;
  readonly port: number;
  readonly #parts: LocalNodeParts;
  #run: Tethered | undefined;
  #state: NodeState = 'stopped';

  constructor(parts: LocalNodeParts) {
    this.name = parts.name;
    this.port = parts.port;
    this.#parts = parts;
  }

  get state(): NodeState {
    return this.#state;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Resolves when it listens and has loaded. Throws NODE_STATE when it runs, NODE_FAILED when it ends before. */
  async start(): Promise<void> {
    this.#need('stopped');
    this.#state = 'starting';
    const { command, args, env, cwd, onLine } = this.#parts;
    const [program, ...first] = command;
    const run = tether({ program, args: [...first, ...args], signal: 'TERM', cwd, env });
    this.#run = run;
    const { shell } = run;
    let last = '';
    shell.once('exit', () => {
      if (this.#run !== run) return;
      this.#run = undefined;
      this.#state = 'stopped';
      onLine('ended');
    });
    await new Promise<void>((resolve, reject) => {
      const fail = (why: string): void => {
        clearTimeout(timer);
        run.release();
        reject(cliError('NODE_FAILED', `${this.name} ${why}${last === '' ? '' : `: ${last}`}`));
      };
      const timer = setTimeout(() => fail('did not come up in time'), START_MS_MAX);
      shell.once('error', ({ message }) => fail(message));
      shell.once('exit', (code) => fail(`ended with ${code}`));
      const take = byLine((line) => {
        last = line;
        onLine(line);
        // What `topgun start` says when clients are welcome.
        if (!/ listens on http/.test(line)) return;
        clearTimeout(timer);
        if (this.#run === run) this.#state = 'running';
        resolve();
      });
      shell.stdout.setEncoding('utf8').on('data', byLine(onLine));
      shell.stderr.setEncoding('utf8').on('data', take);
    });
  }

  /** Ends it at once, as a crash does. */
  async kill(): Promise<void> {
    await this.#end(() => this.#signal('SIGKILL'));
  }

  /** Has it drain, and waits for its end. One that is paused goes on for that. */
  async stop(): Promise<void> {
    await this.#end(async () => this.#run?.release());
  }

  /** Holds all of it, as a machine that hangs does. */
  async pause(): Promise<void> {
    this.#need('running');
    await this.#signal('SIGSTOP');
    this.#state = 'paused';
  }

  async resume(): Promise<void> {
    this.#need('paused');
    await this.#signal('SIGCONT');
    this.#state = 'running';
  }

  async #end(how: () => Promise<void> | void): Promise<void> {
    const run = this.#run;
    if (run === undefined) throw this.#isNot('running');
    const gone = once(run.shell, 'exit');
    await how();
    await gone;
  }

  async #signal(signal: NodeJS.Signals): Promise<void> {
    const pid = await this.#run?.pid;
    if (pid !== undefined) process.kill(pid, signal);
  }

  #need(state: NodeState): void {
    if (this.#state !== state) throw this.#isNot(state);
  }

  #isNot(state: NodeState): Error {
    return cliError('NODE_STATE', `${this.name} is ${this.#state}, not ${state}.`);
  }
}
