import { stat } from 'node:fs/promises';
import { TopGunError } from '@topgun/core';
import { readCopy } from '../storage/embedded/backupStore.js';
import { checkPages } from '../storage/embedded/checkPages.js';
import type { StoreWork } from '../storage/embedded/EmbeddedStore.js';
import type { WorkerPool } from './WorkerPool.js';

/**
 * The checks of a store on workers (FLOW-30, FLOW-32): a file smaller than `largeBytes` is checked at once, and where there is no
 * worker to be had this thread does it after all, for nothing is opened or called a backup unchecked.
 */
export function storeWorkOn(
  workers: Pick<WorkerPool, 'run'>,
  largeBytes: number,
  onLost: (error: unknown) => void,
): StoreWork {
  const orHere = async <T>(there: Promise<T>, here: () => T | Promise<T>): Promise<T> => {
    try {
      return await there;
    } catch (error) {
      if (!(error instanceof TopGunError) || !LOST.has(error.code)) throw error;
      onLost(error);
      return here();
    }
  };
  return {
    async checkPages(file) {
      if ((await sizeOf(file)) < largeBytes) checkPages(file);
      else await orHere(workers.run('checkPages', file), () => checkPages(file));
    },
    readCopy: (folder, pace) => orHere(workers.run('readCopy', folder), () => readCopy(folder, pace)),
  };
}

const LOST: ReadonlySet<string> = new Set(['WORKER_LOST', 'WORKERS_BUSY']);

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 0;
    throw error;
  }
}
