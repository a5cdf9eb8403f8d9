import { randomUUID } from 'node:crypto';
import { link, readdir, readFile, readlink, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { storageError } from '@topgun/client';

const NAME = /^lock\.(\d+)$/;

/** Who holds a lock. Process ids are used again, so the start of the process belongs to it. */
interface Holder {
  readonly pid: number;
  /** Boot of the machine, namespace of the process ids, ticks from boot to start; '' where the system does not tell. */
  readonly boot: string;
  readonly space: string;
  readonly started: string;
}

/**
 * Keeps a second process out of a folder.
 *
 * The files `lock.1`, `lock.2` … name their holders; the one with the highest number counts. A new holder takes the next
 * number by `link`, which fails when the name is taken, and only when the one before is free or dead. The highest file is
 * never deleted, only emptied, so numbers never go back: of two that saw the same dead holder one gets the number, and
 * one that overslept finds a higher number than its own and gives way. No step takes a lock away from somebody.
 */
export class StoreLock {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /** Rejects with `STORAGE_LOCKED` while another process holds the folder. */
  static async acquire(folder: string): Promise<StoreLock> {
    const draft = join(folder, `draft.${randomUUID()}`);
    await writeFile(draft, JSON.stringify(await describe(process.pid)));
    try {
      for (;;) {
        const last = Math.max(0, ...(await numbers(folder)));
        const path = join(folder, `lock.${last}`);
        if (last > 0 && (await isHeld(path))) {
          throw storageError('STORAGE_LOCKED', `Another process holds the store: ${path}`);
        }
        const mine = join(folder, `lock.${last + 1}`);
        if (!(await tryLink(draft, mine))) continue;
        const all = await numbers(folder);
        if (Math.max(...all) > last + 1) {
          await rm(mine, { force: true });
          continue;
        }
        for (const old of all) if (old <= last) await rm(join(folder, `lock.${old}`), { force: true });
        return new StoreLock(mine);
      }
    } finally {
      await rm(draft, { force: true });
    }
  }

  async release(): Promise<void> {
    await truncate(this.#path).catch(ignoreMissing);
  }
}

async function numbers(folder: string): Promise<number[]> {
  return (await readdir(folder)).flatMap((name) => {
    const found = NAME.exec(name);
    return found ? [Number(found[1])] : [];
  });
}

async function tryLink(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

async function isHeld(path: string): Promise<boolean> {
  const text = await readOr(path, '');
  if (text === '') return false;
  let holder: Holder;
  try {
    holder = JSON.parse(text) as Holder; // Linked whole, so either this shape or damaged.
  } catch {
    // A damaged one may be anybody's: better to ask than to take it.
    return true;
  }
  const me = await describe(process.pid);
  if (holder.boot !== me.boot) return false;
  // Another container on this machine: its process ids say nothing here.
  if (holder.space !== me.space) return true;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if (codeOf(error) === 'ESRCH') return false;
  }
  return holder.started === (await describe(holder.pid)).started;
}

async function describe(pid: number): Promise<Holder> {
  const line = await readOr(`/proc/${pid}/stat`, '');
  return {
    pid,
    boot: await readOr('/proc/sys/kernel/random/boot_id', ''),
    space: await readlink('/proc/self/ns/pid').catch(() => ''), // Not Linux: there are no namespaces.
    // Field 22, counted behind the name, which may hold spaces.
    started: line.slice(line.lastIndexOf(')') + 2).split(' ')[19] ?? '',
  };
}

async function readOr(path: string, otherwise: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ESRCH') return otherwise;
    throw error;
  }
}

function ignoreMissing(error: unknown): void {
  if (codeOf(error) !== 'ENOENT') throw error;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
