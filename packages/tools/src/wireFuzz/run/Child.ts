import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Ask } from '../child/messages.js';

const ANSWER_MS_MAX = 60_000;
const STOP_MS_MAX = 30_000;

/** A process that answers questions. */
export class Child {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<string, (value: never) => void>();
  #exit: string | undefined;

  private constructor(process: ChildProcess) {
    this.#process = process;
    process.on('message', (message: Readonly<Record<string, never>>) => {
      for (const [name, value] of Object.entries(message)) this.#waiting.get(name)?.(value);
    });
    process.on('exit', (code, signal) => {
      this.#exit = `ended with ${signal ?? code}`;
    });
  }

  /** Starts the program `name` of the folder `child` and waits for the word that it says when it is there. */
  static async start<T>(
    name: string,
    said: string,
    args: readonly string[],
  ): Promise<{ readonly child: Child; readonly value: T }> {
    const program = fileURLToPath(new URL(`../child/${name}.js`, import.meta.url));
    const child = new Child(fork(program, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }));
    return { child, value: await child.#hear<T>(said) };
  }

  /** Its answer. Throws when it has ended, or says nothing. */
  ask<T>(what: Ask): Promise<T> {
    if (this.#exit !== undefined) throw new Error(`The process ${this.#exit}.`);
    const answer = this.#hear<T>(what);
    this.#process.send(what);
    return answer;
  }

  async stop(): Promise<void> {
    if (this.#exit !== undefined) return;
    const gone = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.send('stop' satisfies Ask);
    const cut = setTimeout(() => this.#process.kill('SIGKILL'), STOP_MS_MAX);
    await gone;
    clearTimeout(cut);
  }

  #hear<T>(name: string): Promise<T> {
    return new Promise((resolve, reject) => {
      const fail = (): void =>
        reject(new Error(`No answer to "${name}": the process ${this.#exit ?? 'lives'}.`));
      const timer = setTimeout(fail, ANSWER_MS_MAX);
      this.#process.once('exit', fail);
      this.#waiting.set(name, (value: T) => {
        clearTimeout(timer);
        this.#process.off('exit', fail);
        resolve(value);
      });
    });
  }
}
