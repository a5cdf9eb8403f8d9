import type { Duplex } from 'node:stream';
import { LIMITS } from '@topgun/protocol';
import type { WebSocket } from 'ws';
import { PING_FRAME } from '../../transport/frameBytes.js';
import type { SlowLimit, SlowSocket } from '../../transport/OutQueues.js';
import type { FrameJoiner } from '../held/FrameJoiner.js';

/** Whose socket it is. */
export interface SocketOwner {
  /** too much is unsent, or for too long: nothing more is taken */
  tooSlow(limit: SlowLimit): void;
}

/**
 * The sending side of one connection: frames of a turn wait for `flush`, which writes them at once. What is pushed are whole WebSocket
 * frames, made once for all who get them, so that nothing is done per connection but the write.
 */
export class JsonSocket implements SlowSocket {
  readonly #socket: WebSocket;
  readonly #stream: Duplex;
  readonly #owner: SocketOwner;
  /** those of this turn: mostly there is one, and no list is made for it */
  #frame: Buffer | undefined;
  #furtherFrames: Buffer[] | undefined;
  #pendingBytes = 0;
  #writtenBytes = 0;
  /** The network did not take all of the last write at once. While it is false, nobody who is sent something need look at the stream. */
  #mayWait = false;
  /** of a turn that was larger than what may be unsent: a history, which is no sign of slowness until it has gone */
  #largeBytes = 0;
  #isClosing = false;

  constructor(socket: WebSocket, stream: Duplex, owner: SocketOwner) {
    this.#socket = socket;
    this.#stream = stream;
    this.#owner = owner;
  }

  /** Bytes that wait for the network, those of this turn included. */
  get unsentBytes(): number {
    return this.#stream.writableLength + this.#pendingBytes;
  }

  get takenBytes(): number {
    return this.#writtenBytes - this.#stream.writableLength;
  }

  /** Whether the network did not take all of what was last written. */
  get mayWait(): boolean {
    return this.#mayWait;
  }

  /** Whether messages that nobody will miss are to be left out. */
  get isBehind(): boolean {
    return this.#waitingBytes > LIMITS.wsSoftBytes;
  }

  /** Adds a frame to those of this turn. True: it is the first, and `flush` is due. */
  push(frame: Buffer): boolean {
    if (this.#isClosing) return false;
    if (this.#waitingBytes > LIMITS.wsHardBytes + this.#largeBytes) {
      this.#owner.tooSlow('wsHardBytes');
      return false;
    }
    this.#pendingBytes += frame.length;
    if (this.#frame === undefined) {
      this.#frame = frame;
      return true;
    }
    this.#furtherFrames ??= [];
    this.#furtherFrames.push(frame);
    return false;
  }

  /** Writes the frames of this turn; returns their bytes. */
  flush(joiner: FrameJoiner): number {
    const frame = this.#frame;
    if (frame === undefined) return 0;
    const further = this.#furtherFrames;
    const bytes = this.#pendingBytes;
    this.#drop();
    const stream = this.#stream;
    if (!stream.writable) return 0;
    if (this.#largeBytes > 0 && stream.writableLength === 0) this.#largeBytes = 0;
    if (bytes > LIMITS.wsHardBytes) this.#largeBytes += bytes;
    this.#writtenBytes += bytes;
    stream.write(further === undefined ? frame : joiner.join([frame, ...further], false));
    this.#mayWait = stream.writableLength > 0;
    return bytes;
  }

  ping(): void {
    if (this.#isClosing || this.#stream.destroyed) return;
    this.#writtenBytes += PING_FRAME.length;
    this.#stream.write(PING_FRAME);
  }

  /** Resolves when the network has taken everything, or the socket is gone. */
  drained(): Promise<void> {
    const stream = this.#stream;
    return new Promise((resolve) => {
      const done = (): void => {
        stream.off('drain', done);
        stream.off('close', done);
        resolve();
      };
      stream.on('drain', done);
      stream.on('close', done);
    });
  }

  /** Says good-bye, after a last frame that is sent however much waits; returns the bytes written. Who does not answer is to be cut. */
  close(code: number, reason: string, joiner: FrameJoiner, last?: Buffer): number {
    if (this.#isClosing) return 0;
    if (last !== undefined) {
      if (this.#frame === undefined) this.#frame = last;
      else this.#furtherFrames = [...(this.#furtherFrames ?? []), last];
      this.#pendingBytes += last.length;
    }
    const bytes = this.flush(joiner);
    this.#isClosing = true;
    this.#socket.close(code, reason);
    return bytes;
  }

  /** Cuts the socket without a word. */
  destroy(): void {
    this.#isClosing = true;
    this.#drop();
    this.#socket.terminate();
  }

  tooSlow(limit: SlowLimit): void {
    this.#owner.tooSlow(limit);
  }

  /** Of earlier turns. What ws sends by itself is little, and is seen with the next write. */
  get #waitingBytes(): number {
    if (!this.#mayWait) return 0;
    const bytes = this.#stream.writableLength;
    this.#mayWait = bytes > 0;
    return bytes;
  }

  #drop(): void {
    this.#frame = undefined;
    this.#furtherFrames = undefined;
    this.#pendingBytes = 0;
  }
}
