import { open, readFile } from 'node:fs/promises';
import * as z from 'zod';
import { serverError } from '../../errors.js';
import { writeWhole } from '../writeWhole.js';
import type { RevocationEntry, RevocationStore } from './RevocationStore.js';

const entrySchema = z.strictObject({
  kind: z.enum(['jti', 'sub']),
  name: z.string(),
  beforeMs: z.number().optional(),
  untilMs: z.number(),
});

/**
 * A file of JSON lines, one added and flushed for each revocation.
 *
 * A last line without its end was cut by a crash before anybody was told that it holds, and is left out. Any other line
 * that cannot be read stops the start (AUTH_FILE_INVALID): to go on would let in again whoever stood there.
 */
export class FileRevocationStore implements RevocationStore {
  readonly #path: string;
  #isThere = false;

  constructor(path: string) {
    this.#path = path;
  }

  async load(): Promise<readonly RevocationEntry[]> {
    let text: string;
    try {
      text = await readFile(this.#path, 'utf8');
      this.#isThere = true;
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
      throw this.#invalid(error);
    }
    const lines = text.split('\n');
    const isTorn = lines.pop() !== '';
    try {
      const entries = lines.map((line): RevocationEntry => entrySchema.parse(JSON.parse(line)));
      if (isTorn) await this.replace(entries);
      return entries;
    } catch (error) {
      throw this.#invalid(error);
    }
  }

  async add(entry: RevocationEntry): Promise<void> {
    if (!this.#isThere) return this.replace([entry]);
    const file = await open(this.#path, 'a', 0o600);
    try {
      await file.appendFile(`${JSON.stringify(entry)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
  }

  async replace(entries: readonly RevocationEntry[]): Promise<void> {
    await writeWhole(this.#path, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
    this.#isThere = true;
  }

  #invalid(cause: unknown): Error {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return serverError('AUTH_FILE_INVALID', `The file ${this.#path} cannot be read: ${reason}`, cause);
  }
}
