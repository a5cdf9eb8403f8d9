import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { TopGunError } from '@topgun/core';
import { serverError } from '../../errors.js';

/** How often the holder touches the lock, and after what silence a holder on another machine counts as gone. */
const BEAT_MS = 2_000;
const SILENT_MS = 10_000;

interface Holder {
  readonly token: string;
  readonly pid: number;
  /** start of the process in clock ticks since boot, and id of that boot: a reused pid differs in one of them */
  readonly started: string;
  readonly boot: string;
  readonly host: string;
  /** device and inode of the folder: in a copy of it the lock means nothing */
  readonly folder: string;
}

/**
 * Keeps a second process out of a folder.
 *
 * A file made by `link`, which fails if the name is taken, names its holder. On the same machine the holder is looked
 * up by process id, start time and boot id, so a folder left by a killed process opens at once, also in a container,
 * where every process is number 1. For a holder elsewhere (a shared disk) only its heartbeat tells.
 */
export class FolderLock {
  readonly #path: string;
  readonly #token: string;
  readonly #beat: NodeJS.Timeout;

  private constructor(path: string, token: string) {
    this.#path = path;
    this.#token = token;
    this.#beat = setInterval(() => {
      const now = new Date();
      // A missed beat is made up by the next one; a lock that vanished must not be made anew.
      utimes(path, now, now).catch(() => undefined);
    }, BEAT_MS);
    this.#beat.unref();
  }

  /** Throws STORE_LOCKED while another live process holds the folder. */
  static async acquire(folder: string): Promise<FolderLock> {
    await mkdir(folder, { recursive: true });
    const path = join(folder, 'topgun.lock');
    const me = await describeSelf(folder);
    const draft = `${path}.${me.token}`;
    await writeFile(draft, JSON.stringify(me));
    try {
      for (let attempt = 0; attempt < 3; attempt++) {
        if (await tryLink(draft, path)) return new FolderLock(path, me.token);
        const holder = await readHolder(path);
        if (holder !== undefined && (await isAlive(holder, path, me))) {
          const message = `The folder ${folder} is in use by process ${holder.pid} on ${holder.host}.`;
          throw serverError('STORE_LOCKED', message);
        }
        await setAside(path, `${path}.stale.${me.token}`, holder?.token);
      }
      throw serverError('STORE_LOCKED', `The folder ${folder} is being opened by several processes at once.`);
    } finally {
      await rm(draft, { force: true });
    }
  }

  async release(): Promise<void> {
    clearInterval(this.#beat);
    const holder = await readHolder(this.#path);
    if (holder?.token === this.#token) await rm(this.#path, { force: true });
  }
}

/** The lock of a folder, which is made when missing. Throws STORE_LOCKED, STORE_UNAVAILABLE. */
export async function lockFolder(folder: string): Promise<FolderLock> {
  try {
    return await FolderLock.acquire(folder);
  } catch (cause) {
    if (cause instanceof TopGunError) throw cause;
    const text = cause instanceof Error ? cause.message : String(cause);
    throw serverError('STORE_UNAVAILABLE', `The folder ${folder} cannot be used: ${text}`, cause);
  }
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

/** Moves a dead holder's file away; if another starter was faster and the file is his, it goes back. */
async function setAside(path: string, aside: string, token: string | undefined): Promise<void> {
  try {
    await rename(path, aside);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  if ((await readHolder(aside))?.token !== token) await tryLink(aside, path);
  await rm(aside, { force: true });
}

async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    const holder: unknown = JSON.parse(await readFile(path, 'utf8'));
    // Written whole by link, so either this shape or damaged; a damaged one names nobody.
    return typeof holder === 'object' && holder !== null && 'token' in holder
      ? (holder as Holder)
      : undefined;
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

async function isAlive(holder: Holder, path: string, me: Holder): Promise<boolean> {
  if (holder.folder !== me.folder) return false;
  if (holder.host !== me.host) return Date.now() - (await stat(path)).mtimeMs < SILENT_MS;
  if (holder.boot !== me.boot) return false;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if (codeOf(error) === 'ESRCH') return false;
  }
  return holder.started === (await startOf(holder.pid));
}

async function describeSelf(folder: string): Promise<Holder> {
  const { dev, ino } = await stat(folder);
  return {
    token: randomUUID(),
    pid: process.pid,
    started: await startOf(process.pid),
    boot: await readOr('/proc/sys/kernel/random/boot_id', ''),
    host: hostname(),
    folder: `${dev}:${ino}`,
  };
}

/** Field 22 of /proc/<pid>/stat, counted behind the name, which may hold spaces; '' where there is no /proc. */
async function startOf(pid: number): Promise<string> {
  const line = await readOr(`/proc/${pid}/stat`, '');
  return line.slice(line.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

async function readOr(path: string, otherwise: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ESRCH') return otherwise;
    throw error;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
