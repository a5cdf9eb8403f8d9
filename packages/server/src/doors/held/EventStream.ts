import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { LIMITS } from '@topgun/protocol';
import type { Principal } from '../../security/PermissionPolicy.js';
import type { SlowLimit, SlowSocket } from '../../transport/OutQueues.js';
import type { Wheeled } from '../../utils/TimerWheel.js';
import type { FrameJoiner } from './FrameJoiner.js';
import { leaveHttp } from './leaveHttp.js';

/** Why the server ends a stream whose client is to come back. */
export type LeaveReason = 'shutdown' | 'lifetime' | 'token' | 'denied';

/** What all streams of a kind have in common. */
export interface StreamKind {
  readonly heartbeat: Buffer;
  readonly heartbeatMs: number;
  /** the last frame, which asks the client to come back after a pause; undefined for none */
  readonly farewell: (reason: LeaveReason, retryMs: number) => Buffer | undefined;
}

/** What a stream asks of those who hold it, `HeldConnections`. */
export interface StreamHome {
  /** the clock of all times here; it never goes back */
  nowMs(): number;
  /** Draws between 0 and `boundMs`. */
  draw(boundMs: number): number;
  /** A pause for one that is to come back. */
  retryMs(): number;
  /** It is open, and is asked for the first time then. */
  add(socket: Socket, stream: EventStream, dueAtMs: number): void;
  /** It has frames to write. */
  wrote(stream: EventStream): void;
  /** What it has is written in this turn. */
  flushNow(stream: EventStream): void;
  /** It did not get a message because it is behind. */
  droppedOne(): void;
  /** It does not take what it is sent. */
  tooSlow(stream: EventStream, limit: SlowLimit): void;
}

const NONE: readonly Buffer[] = [];
/** Ends a body of HTTP/1.1 whose length was not said. */
const LAST_CHUNK = '0\r\n\r\n';

/**
 * One answer that a door holds open and writes events to. It has no timer and no closure of its own: the time comes from the wheel of
 * `HeldConnections`, the end from its one listener. What is pushed in a turn is written at its end, in one write.
 *
 * It writes to the socket itself, past the response, which would make several writes of each: the head is out, nothing else writes, and
 * HTTP lets go of the socket where it can.
 */
export abstract class EventStream implements SlowSocket, Wheeled {
  wheelSlot = -1;
  /** who it is for, by a token */
  readonly principal?: Principal;
  protected readonly home: StreamHome;
  readonly #kind: StreamKind;
  readonly #endsAtMs: number;
  readonly #endsFor: LeaveReason;
  /** open, or closing with `#isLeaving` */
  #socket: Socket | undefined;
  #isChunked = false;
  #isLeaving = false;
  #isOver = false;
  #isToldToLeave = false;
  #beatAtMs = 0;
  /** of this turn */
  #frames = NONE as Buffer[];
  #handedBytes = 0;
  /** of what was handed over at once in the beginning, and is not counted as slowness */
  #graceBytes = 0;

  /** `endsAtMs`: on the clock of `home`, and why then. */
  constructor(home: StreamHome, kind: StreamKind, endsAtMs: number, endsFor: LeaveReason = 'lifetime') {
    this.home = home;
    this.#kind = kind;
    this.#endsAtMs = endsAtMs;
    this.#endsFor = endsFor;
  }

  /** The socket is this stream's: what is pushed now is written at once, and may be large. Nothing is to be done with the response. */
  protected abstract opened(response: ServerResponse, socket: Socket): void;
  /** The stream is over, whoever ended it; told once, also where `opened` never was. */
  protected abstract gone(): void;

  get unsentBytes(): number {
    return this.#socket?.writableLength ?? 0;
  }

  get takenBytes(): number {
    return this.#handedBytes - this.unsentBytes;
  }

  /** Whether it takes its bytes more slowly than they come. */
  get isBehind(): boolean {
    return this.unsentBytes > LIMITS.heldSoftBytes + this.#graceBytes;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** The response of a held answer, whose head is written, is this stream's from now on. */
  hold(response: ServerResponse): void {
    const { socket } = response;
    // The client went away meanwhile; or it asked for something else before, whose answer comes first.
    if (this.#isOver || socket === null || !socket.writable) {
      response.destroy();
      this.closed();
      return;
    }
    this.#isChunked = response.chunkedEncoding;
    this.#socket = socket;
    leaveHttp(response, socket);
    socket.setNoDelay(true);
    // Those of a crowd that came at once are spread.
    const { heartbeatMs } = this.#kind;
    this.#beatAtMs = this.home.nowMs() + heartbeatMs / 2 + this.home.draw(heartbeatMs / 2);
    this.home.add(socket, this, Math.min(this.#beatAtMs, this.#endsAtMs));
    this.opened(response, socket);
    this.home.flushNow(this);
    this.#graceBytes = this.unsentBytes;
  }

  /** Adds a frame to those of this turn. */
  protected push(frame: Buffer): void {
    if (this.#socket === undefined || this.#isLeaving) return;
    if (this.#frames === NONE) {
      this.#frames = [frame];
      this.home.wrote(this);
    } else this.#frames.push(frame);
  }

  /** Writes the frames of this turn; for `HeldConnections`. Returns the bytes. */
  flush(joiner: FrameJoiner): number {
    const frames = this.#frames;
    this.#frames = NONE as Buffer[];
    const socket = this.#socket;
    if (frames === NONE || socket?.writable !== true) return 0;
    if (socket.writableLength === 0) this.#graceBytes = 0;
    else if (socket.writableLength > LIMITS.outQueueBytes + this.#graceBytes) {
      this.tooSlow('outQueueBytes');
      return 0;
    }
    const bytes = joiner.join(frames, this.#isChunked);
    socket.write(bytes);
    this.#handedBytes += bytes.length;
    return bytes.length;
  }

  /** Does what its time has come for; for `HeldConnections`. Returns when it is to be asked next. */
  due(nowMs: number): number | undefined {
    if (nowMs >= this.#endsAtMs) {
      this.leave(this.#endsFor);
      return undefined;
    }
    if (nowMs >= this.#beatAtMs) {
      // Who is still taking something is not silent, and is judged by what it takes.
      if (this.unsentBytes === 0) this.push(this.#kind.heartbeat);
      this.#beatAtMs = nowMs + this.#kind.heartbeatMs;
    }
    return Math.min(this.#beatAtMs, this.#endsAtMs);
  }

  /** Asks the client to come back once the stream has ended, which goes on until then. */
  announce(reason: LeaveReason): void {
    if (this.#socket === undefined || this.#isLeaving || this.#isToldToLeave) return;
    this.#isToldToLeave = true;
    const farewell = this.#kind.farewell(reason, this.home.retryMs());
    if (farewell !== undefined) this.push(farewell);
  }

  /** Ends when all is written that it has, the request to come back too. */
  leave(reason: LeaveReason): void {
    const socket = this.#socket;
    if (socket === undefined) {
      this.closed();
      return;
    }
    if (this.#isLeaving) return;
    this.announce(reason);
    this.home.flushNow(this);
    this.#isLeaving = true;
    if (this.#isChunked && socket.writable) socket.write(LAST_CHUNK);
    // A connection that was kept for one stream is not kept for another request.
    socket.destroySoon();
  }

  /** It does not take what it is sent. */
  tooSlow(limit: SlowLimit): void {
    this.home.tooSlow(this, limit);
  }

  /** Ends it now, whatever is unsent. */
  destroy(): void {
    this.#frames = NONE as Buffer[];
    if (this.#socket === undefined) this.closed();
    else this.#socket.destroy();
  }

  /** The socket is closed, or there never was one; for `HeldConnections`. */
  closed(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#isLeaving = true;
    this.#frames = NONE as Buffer[];
    this.gone();
  }
}
