import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import {
  access,
  cp,
  link,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { TopGunError } from '@topgun/core';
import { serverError } from '../../errors.js';
import { checkingPages } from './checkPages.js';
import { FolderLock } from './FolderLock.js';
import { inSlices, type Pace } from './inSlices.js';
import { FORMAT, StoreFiles } from './StoreFiles.js';
import { incarnationIn, restoreLife } from './StoreLife.js';
import { type StoreCount, verifyingStore } from './verifyStore.js';

/**
 * Backup of an embedded store, open or not, and restore of one that nobody has open.
 *
 * A backup is a folder of two files: `data.mdb`, a compacted copy, and `backup.json`, which says what it is and carries
 * the sha256 of the copy. Nothing half made is ever called a backup or a store: a backup is made under another name,
 * read back whole, and then renamed; a restore prepares the new data file beside the old one, reads it whole, gives it a
 * new incarnation (INC-1), and takes the old one's place by a single rename. The old file is kept under another name.
 */
export interface BackupManifest extends StoreCount {
  readonly format: number;
  readonly incarnation: string;
  /** ISO 8601 */
  readonly takenAt: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface RestoreReport {
  readonly manifest: BackupManifest;
  readonly incarnation: string;
  /** where the data that was there before lies now; undefined when the folder held none */
  readonly replaced?: string;
}

const DATA = 'data.mdb';
const MANIFEST = 'backup.json';
/** How the folders begin in which a restore prepares its data; one that was killed leaves its own behind. */
const DRAFT = 'restoring.';
/** How the folders end in which a backup is made. */
const UNFINISHED = '.unfinished';
/** For who has nothing else to do: only the turn of the event loop is given up in between. */
const AT_ONCE: Pace = { restPerMs: 0 };

/** A backup that lies in a folder of backups. */
export interface ListedBackup {
  readonly name: string;
  readonly path: string;
  /** its data file */
  readonly data: string;
  readonly manifest: BackupManifest;
}

/** The content of `backup.json`. */
export const manifestText = (manifest: BackupManifest): string =>
  `${JSON.stringify(manifest, undefined, 2)}\n`;

/**
 * Copies the store in `folder` to a new folder `to`, after reading every row of it. Throws STORE_LOCKED while a server
 * has it, STORE_MISSING, STORE_CORRUPT, STORE_VERSION, BACKUP_EXISTS, STORE_UNAVAILABLE.
 */
export async function backupStore(folder: string, to: string, now: Date): Promise<BackupManifest> {
  await mustBeFree(to);
  if (!(await exists(join(folder, DATA))))
    throw serverError('STORE_MISSING', `${folder} holds no embedded store.`);
  return locked(folder, () =>
    opened(folder, async (files) => {
      await inSlices(verifyingStore(files, folder), AT_ONCE);
      return copyStore(files, to, now, AT_ONCE);
    }),
  );
}

/**
 * Copies a store that is open, whatever is committed to it meanwhile, to a new folder `to`: all of it at one point, which
 * the manifest names (BAK-1). lmdb copies a snapshot in a thread of its own, so no commit waits; the copy is read back whole
 * at the given pace, or by `read`, which may do so elsewhere. Throws STORE_CORRUPT, BACKUP_EXISTS, STORE_UNAVAILABLE; no half backup stays.
 */
export async function copyStore(
  files: StoreFiles,
  to: string,
  now: Date,
  pace: Pace,
  read = (folder: string): Promise<CopyFacts> => readCopy(folder, pace),
): Promise<BackupManifest> {
  await mustBeFree(to);
  const draft = `${to}.${randomUUID()}${UNFINISHED}`;
  return reaching(to, async () => {
    await mkdir(draft, { recursive: true });
    try {
      await files.root.backup(draft, true);
      pace.check?.();
      const data = join(draft, DATA);
      // Read back from the copy, so that what is said of it is true of it.
      const said = await read(draft);
      await rm(join(draft, 'lock.mdb'), { force: true });
      await sync(data);
      const manifest: BackupManifest = {
        format: FORMAT,
        takenAt: now.toISOString(),
        bytes: (await stat(data)).size,
        sha256: await sha256(data),
        ...said,
      };
      await writeFile(join(draft, MANIFEST), manifestText(manifest), { flush: true });
      await sync(draft);
      await rename(draft, to);
      await sync(dirname(to));
      return manifest;
    } catch (error) {
      await rm(draft, { recursive: true, force: true });
      throw error;
    }
  });
}

/** What a copy holds, by its own pages and rows. */
export interface CopyFacts extends StoreCount {
  readonly incarnation: string;
}

/** Reads the data of a copy whole. Throws STORE_CORRUPT, STORE_VERSION, STORE_UNAVAILABLE. */
export async function readCopy(folder: string, pace: Pace = AT_ONCE): Promise<CopyFacts> {
  await inSlices(checkingPages(join(folder, DATA)), pace);
  return opened(
    folder,
    async (copy) => ({
      incarnation: incarnationIn(copy),
      ...(await inSlices(verifyingStore(copy, folder), pace)),
    }),
    true,
  );
}

/** The backups in a folder, the oldest first; what is none is passed over. */
export async function listBackups(folder: string): Promise<readonly ListedBackup[]> {
  const found: ListedBackup[] = [];
  for (const name of (await exists(folder)) ? await readdir(folder) : []) {
    const path = join(folder, name);
    if (name.endsWith(UNFINISHED) || !(await exists(join(path, MANIFEST)))) continue;
    try {
      found.push({ name, path, data: join(path, DATA), manifest: await readManifest(path) });
    } catch (error) {
      // Of another version, or damaged: not ours to offer or to remove.
      if (!(error instanceof TopGunError)) throw error;
    }
  }
  return found.sort((a, b) => (a.manifest.takenAt < b.manifest.takenAt ? -1 : 1));
}

/** Removes what backups that were killed have left in a folder. */
export async function clearUnfinished(folder: string): Promise<void> {
  for (const name of (await exists(folder)) ? await readdir(folder) : [])
    if (name.endsWith(UNFINISHED)) await rm(join(folder, name), { recursive: true, force: true });
}

/**
 * Makes `folder` hold what the backup `from` holds, as a new incarnation. Throws BACKUP_INVALID for what is no backup or a
 * damaged one, STORE_LOCKED while a server has the folder, STORE_VERSION, STORE_UNAVAILABLE; nothing has changed then.
 */
export async function restoreStore(from: string, folder: string, now: Date): Promise<RestoreReport> {
  const manifest = await readManifest(from);
  return locked(folder, () =>
    reaching(folder, async () => {
      for (const name of await readdir(folder))
        if (name.startsWith(DRAFT)) await rm(join(folder, name), { recursive: true });
      const draft = join(folder, `${DRAFT}${randomUUID()}`);
      await mkdir(draft);
      try {
        const data = join(draft, DATA);
        await cp(join(from, DATA), data);
        if ((await sha256(data)) !== manifest.sha256)
          throw serverError('BACKUP_INVALID', `The data in ${from} is not what its backup.json says.`);
        const incarnation = await opened(draft, async (files) => {
          await inSlices(verifyingStore(files, from), AT_ONCE);
          return restoreLife(files);
        });
        await sync(data);
        const replaced = await keepOld(folder, now);
        await rename(data, join(folder, DATA));
        // Readers of the old file are noted there.
        await rm(join(folder, 'lock.mdb'), { force: true });
        await sync(folder);
        return { manifest, incarnation, ...(replaced !== undefined && { replaced }) };
      } finally {
        await rm(draft, { recursive: true, force: true });
      }
    }),
  );
}

/** Incarnation of the store in a folder that nobody has open; undefined when there is none. Throws the codes of `Store.open`. */
export async function readIncarnation(folder: string): Promise<string | undefined> {
  if (!(await exists(join(folder, DATA)))) return undefined;
  return locked(folder, () => opened(folder, async (files) => incarnationIn(files)));
}

async function readManifest(from: string): Promise<BackupManifest> {
  let said: unknown;
  try {
    said = JSON.parse(await readFile(join(from, MANIFEST), 'utf8'));
  } catch (cause) {
    throw serverError('BACKUP_INVALID', `${from} holds no readable backup.json.`, cause);
  }
  // The parts that decide anything are looked at; the rest is only shown.
  const manifest = said as Partial<BackupManifest> | null;
  if (typeof manifest?.sha256 !== 'string' || typeof manifest.format !== 'number')
    throw serverError('BACKUP_INVALID', `${join(from, MANIFEST)} is not that of a backup.`);
  if (manifest.format !== FORMAT) {
    const message = `The backup in ${from} has format ${manifest.format}; this version reads format ${FORMAT}.`;
    throw serverError('STORE_VERSION', message);
  }
  if (!(await exists(join(from, DATA)))) throw serverError('BACKUP_INVALID', `${from} holds no ${DATA}.`);
  return manifest as BackupManifest;
}

async function mustBeFree(to: string): Promise<void> {
  if (await exists(to)) throw serverError('BACKUP_EXISTS', `${to} is there already.`);
}

/** Gives the present data file a second name, so that the rename that replaces it loses nothing. */
async function keepOld(folder: string, now: Date): Promise<string | undefined> {
  const data = join(folder, DATA);
  if (!(await exists(data))) return undefined;
  const kept = join(folder, `before-restore-${now.toISOString().replaceAll(':', '-')}.mdb`);
  await link(data, kept);
  return kept;
}

async function locked<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const lock = await reaching(folder, () => FolderLock.acquire(folder));
  try {
    return await work();
  } finally {
    await lock.release();
  }
}

async function opened<T>(
  folder: string,
  work: (files: StoreFiles) => Promise<T>,
  isChecked = false,
): Promise<T> {
  const files = new StoreFiles(folder, isChecked);
  try {
    return await work(files);
  } finally {
    await files.close();
  }
}

/** Names the place when the file system refuses. */
async function reaching<T>(place: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof TopGunError) throw cause;
    const text = cause instanceof Error ? cause.message : String(cause);
    throw serverError('STORE_UNAVAILABLE', `${basename(place)} in ${dirname(place)}: ${text}`, cause);
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && /^(ENOENT|ENOTDIR)$/.test(String(error.code)))
      return false;
    throw error;
  }
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path)) hash.update(piece);
  return hash.digest('hex');
}

/** A file's bytes, or a folder's names, on the disk. */
async function sync(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
