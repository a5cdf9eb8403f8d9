import type { SharedMessage } from '../../topics/ports.js';
import { idLine, messageFrame } from './sseFrames.js';

/**
 * Frames with their ids. A message is told to its followers one after the other, and those with the same topics have the same id: the last
 * frame is at hand for the next of them. One place is enough, and holds nothing back for followers who differ.
 */
export class FrameMemo {
  #shared: SharedMessage | undefined;
  #id = '';
  #frame: Buffer | undefined;

  frame(shared: SharedMessage, id: string): Buffer {
    if (this.#frame !== undefined && this.#shared === shared && this.#id === id) return this.#frame;
    this.#shared = shared;
    this.#id = id;
    this.#frame = Buffer.concat([idLine(id), withoutId(shared)]);
    return this.#frame;
  }
}

/** Serialised once for all (SSE-12). */
export const withoutId = (shared: SharedMessage): Buffer => shared.encoded('sse', messageFrame);
