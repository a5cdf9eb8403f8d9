import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const bin = fileURLToPath(new URL('../../../../bin/topgun.js', import.meta.url));

/** A real `topgun start` on a folder and a port, to be killed without a word and started again. */
export class ServerProcess {
  readonly #args: readonly string[];
  readonly #env: NodeJS.ProcessEnv;
  #child: ChildProcess | undefined;
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
    const child = spawn(process.execPath, [bin, 'start', ...this.#args, '--port', String(port)], {
      env: this.#env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    const collect = (data: Buffer): void => {
      this.#heard?.(data);
      this.#output = (this.#output + data.toString()).slice(-4000);
    };
    child.stdout?.on('data', collect);
    child.stderr?.on('data', collect);
    const deadline = performance.now() + deadlineMs;
    while (performance.now() < deadline) {
      if (child.exitCode !== null)
        throw new Error(`The server ended with code ${child.exitCode}:\n${this.#output}`);
      if (await isReady(port)) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`The server was not ready within ${deadlineMs} ms:\n${this.#output}`);
  }

  /** SIGKILL: no handler runs, nothing is flushed. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  /** Has it hang, and go on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    if (this.#child === undefined) throw new Error('No server runs.');
    this.#child.kill(signal);
  }

  /** SIGTERM: it drains and ends by itself. Throws when it takes longer than `deadlineMs`. */
  async terminate(deadlineMs: number): Promise<Ending> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined) throw new Error('No server runs.');
    const began = performance.now();
    const gone = once(child, 'exit', { signal: AbortSignal.timeout(deadlineMs) });
    child.kill('SIGTERM');
    try {
      const [code] = await gone;
      return { code, ms: performance.now() - began, output: this.#output };
    } catch (error) {
      child.kill('SIGKILL');
      throw new Error(`The server did not end within ${deadlineMs} ms:\n${this.#output}`, { cause: error });
    }
  }
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
