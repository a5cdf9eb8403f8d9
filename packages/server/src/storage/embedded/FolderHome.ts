import { randomUUID } from 'node:crypto';
import { open, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * How a store knows that its data lies where it left it.
 *
 * Problem: a copied folder, an older data file put in place of the present one, a restored backup all look like a store
 * that has merely been stopped. Clients hold answers of the time that is missing, so the store must notice (INC-1).
 *
 * Idea: at every opening a fresh random word goes into both the data file and a small file beside it, and the data file
 * also notes inode and change time of that file, which nothing can copy: a copy of the folder has another inode, an older
 * data file another word. A move within one file system changes neither. `chown` or `chmod` on the small file, and moving
 * the folder to another disk, look like a copy: that costs clients a comparison and no data.
 *
 * What cannot be known here: a disk or a virtual machine set back as a whole, by a snapshot, brings both files back
 * together. The places that clients present tell then (INC-2).
 */
export interface Home {
  readonly word: string;
  readonly inode: string;
  /** last change of inode or content, ns */
  readonly changed: string;
}

const FILE = 'topgun.home';

/** The home of the data in this folder as the small file tells it; undefined when there is none. */
export async function readHome(folder: string): Promise<Home | undefined> {
  const path = join(folder, FILE);
  try {
    const word = await readFile(path, 'utf8');
    const { ino, ctimeNs } = await stat(path, { bigint: true });
    return { word, inode: String(ino), changed: String(ctimeNs) };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Makes a new home. `announce` stores the word before the file has it, so that a process killed in between finds either
 * the old pair or a file with the announced word.
 */
export async function moveIn(folder: string, announce: (word: string) => Promise<unknown>): Promise<Home> {
  const word = randomUUID();
  await announce(word);
  const path = join(folder, FILE);
  const draft = `${path}.${word}`;
  const file = await open(draft, 'wx');
  await file.writeFile(word);
  await file.sync();
  await file.close();
  await rename(draft, path);
  const home = await readHome(folder);
  // Written a moment ago by this process, which holds the lock of the folder.
  return home as Home;
}

/** Whether what lies in the folder is the home that was noted. `next` is the word that was announced last. */
export function isSameHome(
  found: Home | undefined,
  noted: Home | undefined,
  next: string | undefined,
): boolean {
  if (found === undefined) return false;
  if (found.word === next) return true;
  return found.word === noted?.word && found.inode === noted.inode && found.changed === noted.changed;
}
