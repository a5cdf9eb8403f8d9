import type { FileHandle } from 'node:fs/promises';
import { open, readFile, rename, rm, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { storageError } from '@topgun/client';
import * as LIMITS from '@topgun/protocol/limits';
import { type PackedRow, packRecord, readRecords, type StoredRecord } from './records.js';

/** Layout of the file; raised with every change that an older release could not read. */
const LAYOUT = 1;

/** The file of one store on the disk: read once, then appended to, now and then replaced as a whole. */
export class StoreFile {
  readonly #path: string;
  #handle: FileHandle | undefined;
  #bytes = 0;
  /** Bytes from which the log is worth a snapshot. */
  #replaceAbove = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Reads what is stored, record by record, and makes the file ready for more. What a crash had cut off is removed; nobody
   * had been told that it was stored. Rejects with `STORAGE_DAMAGED` or `STORAGE_VERSION`; the file is as it was then.
   */
  async open(visit: (record: StoredRecord) => void): Promise<void> {
    const file = await readFile(this.#path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
    if (file === undefined) return this.replace(0, []);
    const check = new HistoryCheck(this.#path);
    const { end, at } = readRecords(file, (record, endOfRecord) => {
      check.take(record);
      if (record.body[0] !== 'tx') this.#replaceAbove = replaceAbove(endOfRecord);
      visit(record);
    });
    check.end(at, end === 'damaged');
    this.#handle = await open(this.#path, 'r+');
    this.#bytes = at;
    if (end === 'torn') {
      await this.#handle.truncate(at);
      await this.#handle.sync();
    }
  }

  /** Whether the log has grown past what a snapshot would take. */
  get wantsReplacing(): boolean {
    return this.#bytes > this.#replaceAbove;
  }

  /** Appends, and flushes if asked. After a failure the file is as before; if even that fails, `isBroken` is set. */
  async append(records: readonly Buffer[], flush: boolean): Promise<void> {
    const handle = this.#used();
    const bytes = Buffer.concat(records);
    let written = 0;
    try {
      while (written < bytes.length) {
        const { bytesWritten } = await handle.write(bytes, written, undefined, this.#bytes + written);
        written += bytesWritten;
      }
    } catch (error) {
      await handle.truncate(this.#bytes).catch((cause: unknown) => {
        throw new BrokenFile('a failed write could not be taken back', { cause });
      });
      throw error;
    }
    if (flush) {
      // The system may have dropped what it could not write, and would say yes the second time.
      await handle.datasync().catch((cause: unknown) => {
        throw new BrokenFile('the disk did not take what was written', { cause });
      });
    }
    this.#bytes += bytes.length;
  }

  /** Puts a file with these rows in the place of the old one, whole or not at all. */
  async replace(commit: number, rows: readonly PackedRow[]): Promise<void> {
    const draft = `${this.#path}.new`;
    const next = await open(draft, 'w');
    let bytes = 0;
    try {
      const write = async (record: Buffer): Promise<void> => {
        bytes += record.length;
        await next.writeFile(record);
      };
      await write(packRecord(commit, ['snapshot', LAYOUT, rows.length]));
      for (let i = 0; i < rows.length; i += LIMITS.storeRowsPerChunk) {
        await write(packRecord(commit, ['rows', rows.slice(i, i + LIMITS.storeRowsPerChunk)]));
      }
      await next.sync();
      await rename(draft, this.#path);
    } catch (error) {
      this.#replaceAbove = 2 * this.#bytes;
      await next.close();
      await rm(draft, { force: true });
      throw error;
    }
    const old = this.#handle;
    this.#handle = next;
    this.#bytes = bytes;
    this.#replaceAbove = replaceAbove(bytes);
    await old?.close();
    await syncFolder(dirname(this.#path)).catch((cause: unknown) => {
      throw new BrokenFile('the disk did not take the new name', { cause });
    });
  }

  async estimate(): Promise<{ usageBytes: number; quotaBytes: number }> {
    const { bavail, bsize } = await statfs(dirname(this.#path));
    return { usageBytes: this.#bytes, quotaBytes: this.#bytes + bavail * bsize };
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  #used(): FileHandle {
    if (this.#handle === undefined) throw new BrokenFile('the file is closed');
    return this.#handle;
  }
}

const replaceAbove = (snapshotBytes: number): number => LIMITS.fileLogBytes + 2 * snapshotBytes;

/** What the disk holds is not known any more: the file has to be read again before it is used again. */
export class BrokenFile extends Error {}

/** Records that are good one by one must also belong together: a snapshot with all its rows, then transactions without a gap. */
class HistoryCheck {
  readonly #path: string;
  #rowsLeft = 0;
  #commit: number | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  take({ commit, body }: StoredRecord): void {
    if (body[0] === 'snapshot') {
      if (this.#commit !== undefined) this.#damaged('a second snapshot');
      if (body[1] > LAYOUT) throw storageError('STORAGE_VERSION', `${this.#path} has layout ${body[1]}`);
      this.#rowsLeft = body[2];
    } else if (body[0] === 'rows') {
      this.#rowsLeft -= body[1].length;
    } else if (this.#rowsLeft !== 0 || commit !== (this.#commit ?? Number.NaN) + 1) {
      this.#damaged(`commit ${commit} behind commit ${this.#commit}`);
    }
    this.#commit = commit;
  }

  /** A snapshot is written whole before it gets its name, so it is never cut off by a crash. */
  end(at: number, isDamaged: boolean): void {
    if (isDamaged || this.#commit === undefined || this.#rowsLeft !== 0) this.#damaged(`byte ${at}`);
  }

  #damaged(where: string): never {
    throw storageError('STORAGE_DAMAGED', `${this.#path} does not match its checksums: ${where}`);
  }
}

/** Makes the new name durable. Windows has no handle for folders and needs none. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => handle.close());
}
