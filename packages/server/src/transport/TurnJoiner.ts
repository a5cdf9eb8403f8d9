import { LIMITS } from '@topgun/protocol';
import { FramesMemo } from './FramesMemo.js';
import { joinFrames } from './frameBytes.js';

/** What is written of a turn below this is one buffer; above it pieces are written one by one, corked. */
const JOIN_BYTES = 64 * 1024;

/**
 * Makes the frames of a turn one message, which the device applies as one step (RES-6). Who is sent the same gets the same bytes, joined once.
 */
export class TurnJoiner {
  readonly #memo = new FramesMemo(piecesOf);

  /** In the order in which they are to be written. */
  join(frames: readonly Buffer[]): readonly Buffer[] {
    return this.#memo.of(frames);
  }

  /** Holds nothing any more. */
  release(): void {
    this.#memo.release();
  }
}

function piecesOf(frames: readonly Buffer[]): readonly Buffer[] {
  const pieces = messagesOf(frames).flatMap(joinFrames);
  const bytes = pieces.reduce((sum, { length }) => sum + length, 0);
  return bytes <= JOIN_BYTES ? [Buffer.concat(pieces)] : pieces;
}

/** The frames of a turn, parted where one message would be too large. */
function messagesOf(frames: readonly Buffer[]): Buffer[][] {
  const messages: Buffer[][] = [];
  let bytes = Infinity;
  for (const frame of frames) {
    bytes += frame.length;
    if (bytes > LIMITS.turnBytes) {
      messages.push([]);
      bytes = frame.length;
    }
    messages.at(-1)?.push(frame);
  }
  return messages;
}
