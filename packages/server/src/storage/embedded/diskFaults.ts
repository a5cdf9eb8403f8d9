import { statfs } from 'node:fs/promises';

/** Below this much free space a short write counts as a full disk. */
const FREE_BYTES_MIN = 1024 * 1024;

const FULL = new Set<unknown>([28, 122, 27, 'ENOSPC', 'EDQUOT', 'EFBIG']);

/**
 * What a failed lmdb commit means. lmdb writes pages, syncs them, and only then writes the page that makes them count,
 * so a disk without room leaves nothing behind and may be used again once there is room. Any other fault, above all a
 * failed sync, leaves it open what the disk holds: the store stops, and the next start reads what is there. A failed
 * sync is never tried again as if nothing had happened: the kernel may have dropped the pages and called them clean.
 */
export async function isDiskFull(folder: string, error: unknown): Promise<boolean> {
  const code = await causeCode(error);
  if (FULL.has(code)) return true;
  // lmdb reports a write cut short for lack of room as a plain I/O error.
  if (code !== 5 && code !== 'EIO') return false;
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize < FREE_BYTES_MIN;
}

/** lmdb-js rejects with a general error whose `commitError` is a promise that rejects with the true one. */
async function causeCode(error: unknown): Promise<unknown> {
  if (!(error instanceof Error)) return undefined;
  if ('code' in error) return error.code;
  if (!('commitError' in error)) return undefined;
  try {
    await error.commitError;
  } catch (cause) {
    return cause instanceof Error && 'code' in cause ? cause.code : undefined;
  }
  return undefined;
}
