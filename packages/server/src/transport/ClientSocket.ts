import type { Duplex } from 'node:stream';
import { LIMITS } from '@topgun/protocol';
import type { WebSocket } from 'ws';
import type { SlowLimit, SlowSocket } from './OutQueues.js';
import type { TurnJoiner } from './TurnJoiner.js';

/** A message as it came. */
export type Held = readonly [data: Buffer, isBinary: boolean];

export interface SocketListener {
  /** more than `LIMITS.resyncBytes` of earlier turns are unsent; later, nothing is any more */
  pressed(isBehind: boolean): void;
  /** too much is unsent, or for too long: nothing more is taken */
  tooSlow(limit: SlowLimit): void;
  /** its other side has not answered the close in `LIMITS.closeWaitMs`: to be destroyed, if not in this turn */
  overdue(): void;
}

/** One socket: gathers the frames of a turn, writes them at once, and keeps a slow reader from filling the memory. */
export class ClientSocket implements SlowSocket {
  readonly id: number;
  readonly remote: string;
  /** false until AUTH is accepted: then the sender is a stranger with narrow limits */
  authenticated = false;
  readonly #socket: WebSocket;
  readonly #stream: Duplex;
  readonly #joiner: TurnJoiner;
  readonly #onDrain: () => void;
  readonly #listener: SocketListener;
  /** those of this turn: mostly there is one, and no list is made for it */
  #frame: Buffer | undefined;
  #furtherFrames: Buffer[] | undefined;
  #pendingBytes = 0;
  #paused = false;
  #isBehind = false;
  /** what the other side had sent before it was no longer read; undefined unless it is or was just behind */
  #held: Held[] | undefined;
  #closing = false;
  #writtenBytes = 0;
  /** The network did not take all of the last write at once. While it is false, nobody who is sent something need look at the stream. */
  #mayWait = false;

  constructor(
    id: number,
    remote: string,
    socket: WebSocket,
    stream: Duplex,
    joiner: TurnJoiner,
    listener: SocketListener,
  ) {
    this.id = id;
    this.remote = remote;
    this.#socket = socket;
    this.#stream = stream;
    this.#joiner = joiner;
    this.#listener = listener;
    this.#onDrain = () => {
      if (this.#isBehind) {
        this.#isBehind = false;
        listener.pressed(false);
      }
      if (!this.#paused) return;
      this.#paused = false;
      socket.resume();
    };
    stream.on('drain', this.#onDrain);
  }

  /** Bytes that wait for the network, those of this turn included. */
  get unsentBytes(): number {
    return this.#stream.writableLength + this.#pendingBytes;
  }

  /** Bytes of frames that the network has taken so far; what ws sends by itself, a close or a pong, takes away from it until it has gone. */
  get takenBytes(): number {
    return this.#writtenBytes - this.#stream.writableLength;
  }

  /** Whether nothing is read from it, because it does not take what it is sent. */
  get isUnread(): boolean {
    return this.#paused;
  }

  /** Keeps a message that comes while the socket is behind: its sender sees an old state, and new questions make it no better. */
  holds(data: Buffer, isBinary: boolean): boolean {
    this.#held?.push([data, isBinary]);
    return this.#held !== undefined;
  }

  /** The messages kept, in order, once the socket is not behind any more; from then on none is. */
  release(): readonly Held[] {
    if (this.#isBehind) return [];
    const held = this.#held ?? [];
    this.#held = undefined;
    return held;
  }

  /**
   * Adds a frame to those of this turn, unless too much of earlier turns is still unsent; before all others if it `leads`. True: it
   * is the first one, and `flush` is due.
   */
  push(frame: Buffer, leads = false): boolean {
    if (this.#closing) return false;
    const unsent = this.#waitingBytes;
    if (unsent > LIMITS.outQueueBytes) {
      this.#listener.tooSlow('outQueueBytes');
      return false;
    }
    if (!this.#isBehind && unsent > LIMITS.resyncBytes) {
      this.#isBehind = true;
      this.#held ??= [];
      this.#listener.pressed(true);
    }
    this.#pendingBytes += frame.length;
    if (this.#frame === undefined) {
      this.#frame = frame;
      return true;
    }
    this.#furtherFrames ??= [];
    if (leads) {
      this.#furtherFrames.unshift(this.#frame);
      this.#frame = frame;
    } else this.#furtherFrames.push(frame);
    return false;
  }

  /** Writes the frames of this turn as one message, which the device applies as one step (RES-6); returns their bytes. */
  flush(): number {
    const frame = this.#frame;
    if (frame === undefined) return 0;
    const further = this.#furtherFrames;
    const bytes = this.#pendingBytes;
    this.#frame = undefined;
    this.#furtherFrames = undefined;
    this.#pendingBytes = 0;
    if (this.#closing || !this.#stream.writable) return 0;
    if (further === undefined) this.#write(frame);
    else this.#writeAll(this.#joiner.join([frame, ...further]));
    const unsent = this.#stream.writableLength;
    this.#mayWait = unsent > 0;
    // Who does not read his answers need not ask further questions.
    if (!this.#paused && unsent > LIMITS.pauseReadingBytes) {
      this.#paused = true;
      this.#socket.pause();
    }
    return bytes;
  }

  close(code: number, reason: string): void {
    if (this.#closing) return;
    this.flush();
    this.#closing = true;
    this.#onDrain();
    this.#socket.close(code, reason);
    const cut = setTimeout(() => this.#listener.overdue(), LIMITS.closeWaitMs);
    cut.unref();
    this.#socket.once('close', () => clearTimeout(cut));
  }

  tooSlow(limit: SlowLimit): void {
    this.#listener.tooSlow(limit);
  }

  /** Cuts the socket without a word. */
  destroy(): void {
    this.#closing = true;
    this.#socket.terminate();
  }

  /** Of earlier turns. What ws sends by itself is little, and is seen with the next write. */
  get #waitingBytes(): number {
    if (!this.#mayWait) return 0;
    const bytes = this.#stream.writableLength;
    this.#mayWait = bytes > 0;
    return bytes;
  }

  #writeAll(pieces: readonly Buffer[]): void {
    if (pieces.length === 1) return this.#write(pieces[0] as Buffer);
    this.#stream.cork();
    for (const piece of pieces) this.#write(piece);
    this.#stream.uncork();
  }

  #write(piece: Buffer): void {
    this.#writtenBytes += piece.length;
    this.#stream.write(piece);
  }
}
