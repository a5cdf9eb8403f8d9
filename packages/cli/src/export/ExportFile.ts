import { type FileHandle, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import * as z from 'zod';
import { cliError } from '../cliErrors.js';

const progressSchema = z.strictObject({
  question: z.string(),
  place: z.string(),
  bytes: z.number().int(),
  rows: z.number().int(),
});

/** How far an export has come that was interrupted. */
export type Progress = Omit<z.output<typeof progressSchema>, 'question'>;

/**
 * The file of an export while it is made: `<path>.part`, and beside it `<path>.progress` with the place of the last page
 * that is in it on the disk. It gets its name when it is complete (EXP-6).
 */
export class ExportFile {
  readonly #path: string;
  /** what is exported: a run with another question does not go on with this file */
  readonly #question: string;
  readonly #file: FileHandle;
  #bytes: number;
  #rows: number;

  private constructor(path: string, question: string, file: FileHandle, progress: Progress | undefined) {
    this.#path = path;
    this.#question = question;
    this.#file = file;
    this.#bytes = progress?.bytes ?? 0;
    this.#rows = progress?.rows ?? 0;
  }

  /** Begins a file, or with `resume` goes on with one. Throws EXPORT_NOT_RESUMABLE, EXPORT_FILE. */
  static async open(
    path: string,
    question: string,
    resume: boolean,
  ): Promise<{ readonly file: ExportFile; readonly progress: Progress | undefined }> {
    const progress = resume ? await readProgress(path, question) : undefined;
    return writing(path, async () => {
      const handle = await open(`${path}.part`, resume ? 'r+' : 'w');
      if (progress !== undefined) await handle.truncate(progress.bytes);
      return { file: new ExportFile(path, question, handle, progress), progress };
    });
  }

  /** Rows written so far, in all runs. */
  get rows(): number {
    return this.#rows;
  }

  /** Adds a page; `place` is behind it. */
  async add(text: string, rows: number, place: string | undefined): Promise<void> {
    await writing(this.#path, async () => {
      const bytes = Buffer.from(text);
      await this.#file.write(bytes, 0, bytes.length, this.#bytes);
      this.#bytes += bytes.length;
      this.#rows += rows;
      if (place === undefined) return;
      // What the place says is there has to be there after a fall of the machine.
      await this.#file.datasync();
      const progress = { question: this.#question, place, bytes: this.#bytes, rows: this.#rows };
      await writeFile(`${this.#path}.progress.new`, JSON.stringify(progress), { flush: true });
      await rename(`${this.#path}.progress.new`, `${this.#path}.progress`);
    });
  }

  async finish(): Promise<void> {
    await writing(this.#path, async () => {
      await this.#file.sync();
      await this.#file.close();
      await rename(`${this.#path}.part`, this.#path);
      await rm(`${this.#path}.progress`, { force: true });
    });
  }

  /** Leaves the file to a later run. */
  async leave(): Promise<void> {
    await this.#file.close();
  }
}

async function readProgress(path: string, question: string): Promise<Progress> {
  const text = await readFile(`${path}.progress`, 'utf8').catch(() => undefined);
  const progress = progressSchema.safeParse(text === undefined ? undefined : parse(text));
  if (!progress.success) throw cliError('EXPORT_NOT_RESUMABLE', `No export of ${path} was interrupted.`);
  if (progress.data.question !== question)
    throw cliError('EXPORT_NOT_RESUMABLE', `${path}.progress is that of another export.`);
  return progress.data;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Told like a file that is not there.
    return undefined;
  }
}

async function writing<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw cliError('EXPORT_FILE', `${path} cannot be written: ${text}`, error);
  }
}
