import { TopGunError } from '@topgun/core';
import { open, type RootDatabase } from 'lmdb';
import { serverError } from '../../errors.js';

/** File of an lmdb folder that holds its pages. */
export const DATA_FILE = 'data.mdb';

/** Opens an lmdb folder whose pages have been looked at. Throws STORE_CORRUPT, STORE_UNAVAILABLE. */
export function openEnvironment(folder: string): RootDatabase<Buffer, string> {
  try {
    // Without overlappingSync a write resolves after its own fdatasync: flushed, not merely committed. Without
    // eventTurnBatching a failed commit rejects the promise of its caller and no other, which nobody could catch.
    return open({
      path: folder,
      encoding: 'binary',
      maxDbs: 8,
      // Said, because a folder whose name has a dot is otherwise taken for a file.
      noSubdir: false,
      overlappingSync: false,
      eventTurnBatching: false,
    });
  } catch (cause) {
    throw environmentError(folder, cause);
  }
}

/** What it means that an lmdb folder cannot be opened. */
export function environmentError(folder: string, cause: unknown): Error {
  if (cause instanceof TopGunError) return cause;
  const text = cause instanceof Error ? cause.message : String(cause);
  const damaged = /MDB_(INVALID|CORRUPTED|VERSION_MISMATCH|PAGE_NOTFOUND)|not a valid|is corrupt/i.test(text);
  return damaged
    ? serverError('STORE_CORRUPT', `The folder ${folder} does not hold a readable store: ${text}`, cause)
    : serverError('STORE_UNAVAILABLE', `The store in ${folder} cannot be opened: ${text}`, cause);
}
