import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Rng } from '../rng.js';
import { answersAfter, freePort, readBack, topgun } from './harness.js';
import { ServerProcess } from './ServerProcess.js';
import { CRASH_MAP, Writer } from './Writer.js';

export const CLIENTS = 20;
const KEYS_PER_CLIENT = 50;
const OUTSTANDING = 20;
/** A busy machine takes long over the start of a process. */
const READY_MS_MAX = 60_000;

/** A real server on a folder and a port of its own, with 20 clients that write to it all the time. Ends with `close`. */
export class LoadedServer {
  readonly process: ServerProcess;
  readonly writers: readonly Writer[];
  readonly #folder: string;
  readonly #port: number;
  readonly #token: string;

  private constructor(folder: string, port: number, token: string, process: ServerProcess) {
    this.#folder = folder;
    this.#port = port;
    this.#token = token;
    this.process = process;
    this.writers = Array.from(
      { length: CLIENTS },
      (_, i) => new Writer(this.#url, token, `w${i}`, KEYS_PER_CLIENT),
    );
  }

  /** `name` is that of the folder and of the clients' subject; `settings` go to the server with its environment. */
  static async open(name: string, settings: Readonly<Record<string, string>> = {}): Promise<LoadedServer> {
    const folder = await mkdtemp(join(tmpdir(), `topgun-${name}-`));
    const policiesFile = join(folder, 'policies.json');
    await writeFile(
      policiesFile,
      JSON.stringify([{ role: 'user', map: CRASH_MAP, actions: ['READ', 'PUT'] }]),
    );
    const env = { ...settings, TOPGUN_JWT_SECRET: randomBytes(48).toString('base64') };
    const token = await topgun(['token', '--sub', name, '--roles', 'user', '--ttl', '2h'], env);
    const args = ['--data-dir', join(folder, 'data'), '--policies-file', policiesFile, '--log-level', 'warn'];
    const port = await freePort();
    const server = new ServerProcess(args, env);
    await server.start(port, READY_MS_MAX);
    const loaded = new LoadedServer(folder, port, token, server);
    for (const writer of loaded.writers) writer.start(OUTSTANDING);
    return loaded;
  }

  get #url(): string {
    return `ws://127.0.0.1:${this.#port}`;
  }

  /**
   * Ends something in the middle of writes, at a moment by chance, starts it again, the process of the server unless told otherwise, and
   * names every answered write that is gone.
   */
  async endAndReadBack(
    rng: Rng,
    end: () => Promise<void>,
    again: () => Promise<void> = () => this.start(),
  ): Promise<string[]> {
    await answersAfter(this.writers, rng.int(200, 3000));
    await end();
    const answered = new Map(this.writers.flatMap((writer) => [...writer.acknowledged]));
    await again();
    return readBack(this.#url, this.#token, answered);
  }

  /** The process again, on its folder and port; resolves when it is ready. */
  start(): Promise<void> {
    return this.process.start(this.#port, READY_MS_MAX);
  }

  get acknowledgements(): number {
    return this.writers.reduce((sum, writer) => sum + writer.acknowledgements, 0);
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.writers.map((writer) => writer.stop()));
    await this.process.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
