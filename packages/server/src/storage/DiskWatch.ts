import { constants } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import { keptFor } from './keptFor.js';
import type { StoreFault, StoreState, StoreWatch } from './StoreWatch.js';

/** With less room than this the next commits are likely to fail: the log may need that much until it is folded. */
export const DISK_FREE_BYTES_MIN = 16 * 1024 * 1024;
const LOOK_MS = 1_000;

/** What the watch asks of the system; a test answers instead. */
export interface DiskIo {
  statfs(folder: string): Promise<{ readonly bavail: number; readonly bsize: number }>;
  /** rejects when the folder cannot be written to */
  access(folder: string, mode: number): Promise<void>;
}

/** Looks after the disk of the store for probes and metrics: free room, and whether it can be written to. */
export class DiskWatch implements StoreWatch {
  readonly #folder: string;
  readonly #io: DiskIo;
  /** At most a second old. Never rejects. */
  readonly state: () => Promise<StoreState>;

  constructor(folder: string, io: DiskIo = { statfs, access }, monoMs = () => performance.now()) {
    this.#folder = folder;
    this.#io = io;
    this.state = keptFor(LOOK_MS, monoMs, () => this.#look());
  }

  async #look(): Promise<StoreState> {
    let freeBytes: number;
    try {
      const { bavail, bsize } = await this.#io.statfs(this.#folder);
      freeBytes = bavail * bsize;
    } catch {
      // Whatever the reason, nothing can be kept there.
      return { freeBytes: undefined, fault: 'STORE_UNREACHABLE' };
    }
    const isWritable = await this.#io.access(this.#folder, constants.W_OK).then(
      () => true,
      () => false,
    );
    const fault: StoreFault | undefined = !isWritable
      ? 'STORE_READ_ONLY'
      : freeBytes < DISK_FREE_BYTES_MIN
        ? 'DISK_FULL'
        : undefined;
    return { freeBytes, fault };
  }
}
