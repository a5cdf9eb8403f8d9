const CRLF = Buffer.from('\r\n');

/**
 * Makes one write of the frames of a turn. Followers of the same topics have the same frames: they follow each other when a turn is written,
 * and get the same bytes, joined once.
 */
export class FrameJoiner {
  #frames: readonly Buffer[] = [];
  #body: Buffer | undefined;
  #chunk: Buffer | undefined;

  /** `isChunked`: as one chunk of HTTP/1.1. */
  join(frames: readonly Buffer[], isChunked: boolean): Buffer {
    // Most turns bring one frame, and it is the same for all already.
    if (frames.length === 1 && !isChunked) return frames[0] as Buffer;
    if (!isSame(frames, this.#frames)) {
      this.#frames = frames;
      this.#body = this.#chunk = undefined;
    }
    this.#body ??= frames.length === 1 ? (frames[0] as Buffer) : Buffer.concat(frames);
    if (!isChunked) return this.#body;
    this.#chunk ??= Buffer.concat([Buffer.from(`${this.#body.length.toString(16)}\r\n`), this.#body, CRLF]);
    return this.#chunk;
  }

  /** Holds nothing any more. */
  release(): void {
    this.#frames = [];
    this.#body = this.#chunk = undefined;
  }
}

function isSame(a: readonly Buffer[], b: readonly Buffer[]): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}
