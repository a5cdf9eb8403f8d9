import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it, onTestFinished, vi } from 'vitest';

const bin = fileURLToPath(new URL('../../../bin/topgun.js', import.meta.url));

/** How a person looks who waits for something: who looks faster is told to wait. */
const LOOKS = { interval: 250, timeout: 60_000 };

/** `topgun cluster:start` as a person runs it, whose lines come from here. */
class LocalRun {
  readonly #child: ChildProcess;
  readonly folder = mkdtempSync(join(tmpdir(), 'topgun-local-'));
  #text = '';
  #read = 0;

  constructor(...args: string[]) {
    // As root PostgreSQL runs as another user, who has to get there.
    chmodSync(this.folder, 0o755);
    this.#child = spawn(process.execPath, [bin, 'cluster:start', '--folder', this.folder, ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#text += text;
        this.#child.emit('told');
      });
    this.#child.once('exit', () => this.#child.emit('told'));
    onTestFinished(async () => {
      if (this.#child.exitCode === null) {
        const gone = once(this.#child, 'exit');
        this.#child.kill('SIGTERM');
        await gone;
      }
      rmSync(this.folder, { recursive: true, force: true });
    });
  }

  /** Waits for a text after the last one that was waited for. */
  async tells(wanted: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = wanted.exec(this.#text.slice(this.#read));
      if (found !== null) {
        this.#read += found.index + found[0].length;
        return found;
      }
      if (this.#child.exitCode !== null) throw new Error(`it has ended:\n${this.#text}`);
      await once(this.#child, 'told');
    }
  }

  say(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  /** Asks for the status until it tells that. */
  async comesTo(wanted: RegExp): Promise<void> {
    await vi.waitUntil(async () => {
      this.say('status');
      await this.tells(/(well|[A-Z, ]{5,}); \d+ partitions[^\n]*\n|no node answers\n/);
      const status = this.#text.slice(0, this.#read).slice(-2_000);
      return wanted.test(status.slice(status.lastIndexOf('  node-1  ')));
    }, LOOKS);
  }

  get exit(): Promise<number | null> {
    return once(this.#child, 'exit').then(([code]) => code as number | null);
  }
}

const topgun = (...args: string[]) => promisify(execFile)(process.execPath, [bin, ...args]);

it('[CLI-60] [CLI-62] [CLI-63] [CLU-71] a cluster on one machine takes writes at any node, loses a node, a link and a drained node, and stops', async () => {
  const run = new LocalRun('-n', '3');
  const urls: string[] = [];
  for (const name of ['node-1', 'node-2', 'node-3'])
    urls.push((await run.tells(new RegExp(`^${name} {2}(http://[\\d.]+:\\d+)/\\n`, 'm')))[1] as string);
  const [one = '', two = '', three = ''] = urls;
  await run.comesTo(/well; 0 partitions without an owner, 0 moving/);
  const put = async (url: string, key: string): Promise<number> => {
    const body = JSON.stringify({ value: { from: url } });
    return (await fetch(`${url}/api/records/notes/${key}`, { method: 'PUT', body })).status;
  };
  const has = async (url: string, key: string): Promise<boolean> =>
    (await fetch(`${url}/api/records/notes/${key}`)).status === 200;
  expect(await put(one, 'a')).toBe(200);
  expect(await put(three, 'b')).toBe(200);
  for (const key of ['a', 'b']) for (const url of urls) await vi.waitUntil(() => has(url, key), LOOKS);

  const drained = await topgun('cluster:drain', 'node-2', '--wait', '--url', three);
  expect(drained.stdout).toBe('node-2 owns nothing\n');
  expect((await topgun('cluster:nodes', '--url', two)).stdout).toMatch(/node-2 +DRAINING +0 /);
  expect(await put(two, 'c')).toBe(200);

  run.say('stop 2');
  run.say('start 2');
  await run.tells(/node-2 runs\n/);
  run.say('cut 1 3');
  await run.comesTo(/cut: node-1 node-3[\s\S]*LINKS/);
  run.say('mend 1 3');
  run.say('kill 3');
  await run.tells(/node-3 is dead\n/);
  await run.comesTo(/node-3 {2}stopped[\s\S]*well; 0 partitions without an owner, 0 moving/);
  for (const key of ['a', 'b', 'c']) expect(await has(one, key)).toBe(true);

  const { exit } = run;
  expect((await topgun('cluster:stop', '--folder', run.folder)).stdout).toBe('stopped\n');
  expect(await exit).toBe(0);
});
