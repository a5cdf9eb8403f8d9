/** Lines kept at most, and their characters together. */
const LINES_MAX = 1_000;
const CHARS_MAX = 512 * 1024;
/** Who may wait for lines at once: each holds a socket. */
const WAITING_MAX = 20;

export interface TailLine {
  /** rises by one with every line of this process */
  readonly n: number;
  /** JSON, as it was logged */
  readonly line: string;
}

export interface TailPage {
  readonly lines: readonly TailLine[];
  /** `after` of the next question */
  readonly next: number;
  /** lines that were forgotten between `after` and the first of these */
  readonly lost: number;
}

/** The last lines of the log, kept in memory for those who look at it over the network. A stream for pino. */
export class LogTail {
  readonly #lines: TailLine[] = [];
  readonly #waiting = new Set<() => void>();
  #chars = 0;
  #n = 0;

  write(line: string): void {
    this.#lines.push({ n: ++this.#n, line });
    this.#chars += line.length;
    while (this.#lines.length > LINES_MAX || this.#chars > CHARS_MAX)
      this.#chars -= this.#lines.shift()?.line.length ?? 0;
    for (const wake of this.#waiting) wake();
  }

  /** Lines after a number, the oldest first, at most `limit`; a number above the last is that of another process: all of them. */
  after(after: number, limit: number): TailPage {
    const from = after > this.#n ? 0 : after;
    const first = this.#lines[0]?.n ?? this.#n + 1;
    const start = Math.max(0, from + 1 - first);
    const lines = this.#lines.slice(start, start + limit);
    return { lines, next: lines.at(-1)?.n ?? Math.max(from, first - 1), lost: Math.max(0, first - 1 - from) };
  }

  /** Resolves when there is a line after a number, or after `waitMs`; false at once when too many wait already. */
  async wait(after: number, waitMs: number): Promise<boolean> {
    if (after !== this.#n) return true;
    if (this.#waiting.size >= WAITING_MAX) return false;
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, waitMs);
      timer.unref();
      this.#waiting.add(wake);
    });
    return true;
  }
}
