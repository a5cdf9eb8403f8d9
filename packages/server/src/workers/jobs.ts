import { TopGunError } from '@topgun/core';
import { type CopyFacts, readCopy } from '../storage/embedded/backupStore.js';
import { checkPages } from '../storage/embedded/checkPages.js';

/**
 * What workers do: work that takes a path and gives back a verdict or a few numbers. Nothing that hands records over is among
 * it, for a record costs more to hand over than to decode (decision 0039).
 */
export interface Jobs {
  /** Reads the trees of an lmdb file that nobody has open. Throws STORE_CORRUPT. */
  checkPages(file: string): void;
  /** Reads the data of a backup whole. Throws STORE_CORRUPT, STORE_VERSION, STORE_UNAVAILABLE. */
  readCopy(folder: string): Promise<CopyFacts>;
}

export const jobs: Jobs = { checkPages, readCopy: (folder) => readCopy(folder) };

export interface Order {
  readonly job: string;
  readonly input: unknown;
}

/** A class does not survive the way between threads, so its code and text go. */
export type Outcome = { readonly result: unknown } | { readonly code: string; readonly message: string };

/** Runs one order on this thread; the errors of TopGun become outcomes. */
export async function perform(of: object, { job, input }: Order): Promise<Outcome> {
  const run: unknown = Object.hasOwn(of, job) ? Reflect.get(of, job) : undefined;
  if (typeof run !== 'function') throw new Error(`No job is called "${job}".`);
  try {
    return { result: await run(input) };
  } catch (error) {
    if (error instanceof TopGunError) return { code: error.code, message: error.message };
    throw error;
  }
}
