import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { clockOf } from './processes/clockOf.js';
import { waitUntil } from './waitUntil.js';

/** The command as a clone runs it. */
export const bin = fileURLToPath(new URL('../../../bin/topgun.js', import.meta.url));

/** One `topgun dev` on a folder of its own, as a real process that can be killed and started again on the same port. */
export class TopgunProcess {
  readonly #dataDir: string;
  readonly #args: readonly string[];
  #child: ChildProcess | undefined;
  #output = '';
  #port = 0;

  /** `args` are more flags of `topgun dev`. */
  constructor(dataDir: string, args: readonly string[] = []) {
    this.#dataDir = dataDir;
    this.#args = args;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/`;
  }

  get port(): number {
    return this.#port;
  }

  get output(): string {
    return this.#output;
  }

  /**
   * Starts the process, `day` days from now, and waits for the address that it prints; later starts take the port of the
   * first one.
   */
  async start(day = 0): Promise<void> {
    this.#output = '';
    const { execArgv, env } = clockOf(day);
    const child = spawn(
      process.execPath,
      [...execArgv, bin, 'dev', '--port', String(this.#port), '--data-dir', this.#dataDir, ...this.#args],
      { stdio: ['ignore', 'pipe', 'pipe'], env },
    );
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
      });
    }
    const port = await waitUntil(
      'topgun dev prints its address',
      () => {
        if (child.exitCode !== null)
          throw new Error(`topgun dev ended with code ${child.exitCode}:\n${this.#output}`);
        return /App\s+http:\/\/127\.0\.0\.1:(\d+)\//.exec(this.#output)?.[1];
      },
      { explain: () => this.#output },
    );
    this.#port = Number(port);
  }

  /** Ends the process, waits until it is gone, and returns its exit code; null when the signal itself ended it. */
  async stop(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null)
      return child?.exitCode ?? null;
    const gone = once(child, 'close');
    child.kill(signal);
    await gone;
    return child.exitCode;
  }

  /** Live root and number of present items per map, as the server reports them. */
  async maps(): Promise<ReadonlyMap<string, { readonly root: number; readonly items: number }>> {
    const response = await fetch(new URL('/api/status', this.url));
    const status = (await response.json()) as {
      readonly maps: readonly {
        readonly name: string;
        readonly root: number;
        readonly items: number;
      }[];
    };
    return new Map(status.maps.map((map) => [map.name, map]));
  }

  /** The value of one line of `/metrics`. */
  async metric(line: string): Promise<number> {
    const text = await (await fetch(new URL('/metrics', this.url))).text();
    const found = text.split('\n').find((one) => one.startsWith(`${line} `));
    return Number(found?.slice(line.length));
  }
}
