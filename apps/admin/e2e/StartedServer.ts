import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bin } from '../../todo/e2e/TopgunProcess.js';
import { waitUntil } from '../../todo/e2e/waitUntil.js';

/** One `topgun start` on a new folder, where nobody is an operator yet. */
export class StartedServer {
  readonly #child: ChildProcess;
  readonly #folder: string;
  #output = '';
  /** with the token that makes the first operator */
  setupUrl = '';

  private constructor(folder: string) {
    this.#folder = folder;
    this.#child = spawn(process.execPath, [bin, 'start', '--port', '0', '--data-dir', join(folder, 'data')], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, TOPGUN_JWT_SECRET: randomBytes(32).toString('base64url') },
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#output += text;
    });
  }

  static async start(): Promise<StartedServer> {
    const server = new StartedServer(await mkdtemp(join(tmpdir(), 'topgun-admin-')));
    server.setupUrl = await waitUntil(
      'topgun start says how the first operator is made',
      () => /(http:\S+#setup=\S+)/.exec(server.#output)?.[1],
      { explain: () => server.#output },
    );
    return server;
  }

  get url(): string {
    return this.setupUrl.replace(/admin\/.*$/, '');
  }

  async stop(): Promise<void> {
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await gone;
    await rm(this.#folder, { recursive: true, force: true });
  }
}
