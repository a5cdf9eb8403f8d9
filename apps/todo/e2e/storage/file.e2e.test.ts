import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { NodeFileAdapter } from '@topgun/adapters/file';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const KILLS = 60;

/** Writes for ever: transaction n puts n under both keys and appends `n` to the log; prints n when n is on disk. */
const writer = `
import { NodeFileAdapter } from '@topgun/adapters/file';
const adapter = new NodeFileAdapter({ folder: process.argv[1] });
await adapter.open('killed');
const last = (await adapter.get(['left'])) ?? 0;
process.stdout.write('0\\n');
const write = async (n) => {
  const padding = 'x'.repeat((n * 997) % 9000);
  await adapter.tx({
    puts: [[['left'], n], [['log', String(n % 200)], [n, padding]], [['right'], n]],
    deletes: [],
    durability: 'strict',
  });
  process.stdout.write(n + '\\n');
};
// Several at once, so that a kill also meets a write that carries more than one transaction.
for (let n = last + 1; ; n += 3) await Promise.all([write(n), write(n + 1), write(n + 2)]);
`;

let folder = '';
const children: ChildProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'topgun-file-kill-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

function startWriter(): ChildProcess {
  const cwd = fileURLToPath(new URL('../..', import.meta.url));
  const child = spawn(process.execPath, ['--input-type=module', '-e', writer, folder], { cwd });
  children.push(child);
  return child;
}

/** Reads what the writer says until it has said `count` numbers, kills it, and gives the last number it had said. */
async function killAfter(child: ChildProcess, count: number): Promise<number> {
  let [said, last] = [0, 0];
  let complaints = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaints += text;
  });
  if (!child.stdout) throw new Error('the writer has no output');
  for await (const line of createInterface({ input: child.stdout })) {
    last = Math.max(last, Number(line));
    said += 1;
    // What it had said by then is still read: it was told that those are stored.
    if (said === count) child.kill('SIGKILL');
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  expect(complaints).toBe('');
  return last;
}

describe('a process that is killed while it writes to a file', () => {
  it('[CST-21] loses no strict transaction it was told of, leaves no half of one and no hole', async () => {
    let acknowledged = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      // From the first transaction to the replacement of the log.
      acknowledged = Math.max(acknowledged, await killAfter(startWriter(), 2 + ((kill * 37) % 150)));
      const adapter = new NodeFileAdapter({ folder });
      await adapter.open('killed');
      const found = new Map<string, unknown>();
      const commit = await adapter.iterate([], (key, value) => found.set(key.join('/'), value));
      const [left, right] = [found.get('left'), found.get('right')];
      expect(left).toBe(right);
      expect(left).toBeGreaterThanOrEqual(acknowledged);
      expect(commit).toBe(left);
      for (let n = Math.max(1, commit - 199); n <= commit; n++) {
        expect(found.get(`log/${n % 200}`)).toMatchObject([n, expect.any(String)]);
      }
      await adapter.close();
    }
    expect(acknowledged).toBeGreaterThan(1_000);
  });

  it('[CST-23] a second process is refused until the first has let go, or is dead', async () => {
    const child = startWriter();
    if (!child.stdout) throw new Error('the writer has no output');
    await once(child.stdout, 'data');
    const adapter = new NodeFileAdapter({ folder });
    await expect(adapter.open('killed')).rejects.toMatchObject({ code: 'STORAGE_LOCKED', retriable: true });
    child.kill('SIGKILL');
    await once(child, 'exit');
    await adapter.open('killed');
    await adapter.close();
  });
});
