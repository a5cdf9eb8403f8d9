import { FramesMemo } from '../../transport/FramesMemo.js';

const CRLF = Buffer.from('\r\n');

/**
 * Makes one write of the frames of a turn. Followers of the same topics have the same frames: they follow each other when a turn is written,
 * and get the same bytes, joined once.
 */
export class FrameJoiner {
  readonly #bodies = new FramesMemo((frames) => Buffer.concat(frames));
  readonly #chunks = new FramesMemo(chunkOf);

  /** `isChunked`: as one chunk of HTTP/1.1. */
  join(frames: readonly Buffer[], isChunked: boolean): Buffer {
    if (isChunked) return this.#chunks.of(frames);
    // Most turns bring one frame, and it is the same for all already.
    return frames.length === 1 ? (frames[0] as Buffer) : this.#bodies.of(frames);
  }

  /** Holds nothing any more. */
  release(): void {
    this.#bodies.release();
    this.#chunks.release();
  }
}

function chunkOf(frames: readonly Buffer[]): Buffer {
  const bytes = frames.reduce((sum, { length }) => sum + length, 0);
  return Buffer.concat([Buffer.from(`${bytes.toString(16)}\r\n`), ...frames, CRLF]);
}
