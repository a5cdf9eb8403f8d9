import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type Tethered, tether } from '@topgun/server/internal/local/tether';

const bin = fileURLToPath(new URL('../../../../bin/topgun.js', import.meta.url));

/** A running server. */
interface Running {
  /** its end comes after that of the server, with the same code */
  readonly shell: Tethered['shell'];
  readonly pid: number;
}

/** A real `topgun start` on a folder and a port, to be killed without a word and started again. It ends with this process, however that ends. */
export class ServerProcess {
  readonly #args: readonly string[];
  readonly #env: NodeJS.ProcessEnv;
  #running: Running | undefined;
  #output = '';
  readonly #heard: ((data: Buffer) => void) | undefined;

  /** `heard` is told everything that the process prints. */
  constructor(
    args: readonly string[],
    env: Readonly<Record<string, string>>,
    heard?: (data: Buffer) => void,
  ) {
    this.#args = args;
    this.#heard = heard;
    this.#env = { ...process.env, ...env };
  }

  /** Starts the process and waits until `/ready` says yes; throws with its output when that takes longer than `deadlineMs`. */
  async start(port: number, deadlineMs = 20_000): Promise<void> {
    this.#output = '';
    const { shell, pid } = tether({
      program: process.execPath,
      args: [bin, 'start', ...this.#args, '--port', String(port)],
      signal: 'TERM',
      cwd: process.cwd(),
      env: this.#env,
    });
    const collect = (data: Buffer): void => {
      this.#heard?.(data);
      this.#output = (this.#output + data.toString()).slice(-4000);
    };
    shell.stdout.on('data', collect);
    shell.stderr.on('data', collect);
    this.#running = { shell, pid: await pid };
    const deadline = performance.now() + deadlineMs;
    while (performance.now() < deadline) {
      if (shell.exitCode !== null)
        throw new Error(`The server ended with code ${shell.exitCode}:\n${this.#output}`);
      if (await isReady(port)) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`The server was not ready within ${deadlineMs} ms:\n${this.#output}`);
  }

  /** SIGKILL: no handler runs, nothing is flushed. */
  async kill(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    if (running !== undefined) await ended(running, 'SIGKILL');
  }

  /** Has it hang, and go on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    if (this.#running === undefined) throw new Error('No server runs.');
    process.kill(this.#running.pid, signal);
  }

  /** SIGTERM: it drains and ends by itself. Throws when it takes longer than `deadlineMs`. */
  async terminate(deadlineMs: number): Promise<Ending> {
    const running = this.#running;
    this.#running = undefined;
    if (running === undefined) throw new Error('No server runs.');
    const began = performance.now();
    try {
      const code = await ended(running, 'SIGTERM', AbortSignal.timeout(deadlineMs));
      return { code, ms: performance.now() - began, output: this.#output };
    } catch (error) {
      process.kill(running.pid, 'SIGKILL');
      throw new Error(`The server did not end within ${deadlineMs} ms:\n${this.#output}`, { cause: error });
    }
  }
}

/** Sends a signal and resolves with the code when it has ended; it may have before. */
async function ended(
  { shell, pid }: Running,
  signal: 'SIGKILL' | 'SIGTERM',
  patience?: AbortSignal,
): Promise<number | null> {
  if (shell.exitCode !== null) return shell.exitCode;
  const gone = once(shell, 'exit', { signal: patience });
  try {
    process.kill(pid, signal);
  } catch {
    // It is gone, and its shell says so in a moment.
  }
  const [code] = await gone;
  return code as number | null;
}

/** How a process ended. */
export interface Ending {
  readonly code: number | null;
  readonly ms: number;
  /** the end of what it printed */
  readonly output: string;
}

async function isReady(port: number): Promise<boolean> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/ready`, { signal: AbortSignal.timeout(1000) });
    return answer.ok;
  } catch {
    // Not listening yet; the caller asks again until its deadline.
    return false;
  }
}
