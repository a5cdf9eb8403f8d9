import { readFile, stat } from 'node:fs/promises';

/** What a file is read with. */
export interface FileDisk {
  /** something that is another one whenever the file is */
  mark(path: string): Promise<string>;
  text(path: string): Promise<string>;
}

const DISK: FileDisk = {
  mark: async (path) => {
    // Follows links: a mounted configuration is exchanged by pointing a link elsewhere.
    const { ino, size, mtimeMs } = await stat(path);
    return `${ino} ${size} ${mtimeMs}`;
  },
  text: (path) => readFile(path, 'utf8'),
};

export interface WatchedFileParts {
  readonly path: string;
  /** Takes over what the file says; what it throws is a fault like any other. */
  readonly changed: (text: string) => void;
  /** The file cannot be used: what it said before stays. */
  readonly failed: (error: unknown) => void;
  readonly disk?: FileDisk;
}

/**
 * Looks whether a file of settings has changed (PERM-11, HOOK-1). It is taken over as a whole or not at all, and only when it has stood
 * still from one look to the next, so that what is half written is never read. Being told by the system would not do: editors
 * and mounts put another file in the place of the one that is watched.
 */
export class WatchedFile {
  readonly #parts: WatchedFileParts;
  readonly #disk: FileDisk;
  /** of what was taken over, or found faulty; not of what the server has started with, for it may have changed since */
  #done: string | undefined;
  #seen: string | undefined;
  #isLooking = false;

  constructor(parts: WatchedFileParts) {
    this.#parts = parts;
    this.#disk = parts.disk ?? DISK;
  }

  /** To be called every second or so; a look that has not ended yet goes on alone. Never rejects. */
  async look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      const mark = await this.#disk.mark(this.#parts.path).catch(() => 'missing');
      const isStill = mark === this.#seen;
      this.#seen = mark;
      if (mark === this.#done || !isStill) return;
      this.#done = mark;
      await this.#take();
    } finally {
      this.#isLooking = false;
    }
  }

  async #take(): Promise<void> {
    const { path, changed, failed } = this.#parts;
    try {
      changed(await this.#disk.text(path));
    } catch (error) {
      failed(error);
    }
  }
}
