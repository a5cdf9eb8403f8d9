import type { Socket } from 'node:net';
import { LIMITS } from '@topgun/protocol';
import type { LimitCounts } from '../../limits/LimitCounts.js';
import type { OutQueues, SlowLimit, SlowSocket } from '../../transport/OutQueues.js';
import { PacedCuts } from '../../transport/PacedCuts.js';
import { TimerWheel } from '../../utils/TimerWheel.js';
import { spreadCloses } from '../spreadCloses.js';
import type { EventStream, StreamHome } from './EventStream.js';
import { FrameJoiner } from './FrameJoiner.js';

export interface HeldParts {
  readonly limits: Pick<LimitCounts, 'hit'>;
  /** what all sockets together hold unsent, those of other doors too; whoever owns it watches it */
  readonly queues: OutQueues<SlowSocket>;
  /** Never goes back. Default: that of the process. */
  readonly monoMs?: () => number;
  /** Draws between 0 and 1. Default `Math.random`. */
  readonly random?: () => number;
}

export interface HeldFigures {
  readonly connections: number;
  readonly unsentBytes: number;
  readonly writes: number;
  readonly bytes: number;
  /** connections cut because they did not take what they were sent */
  readonly slowClosed: number;
  /** messages of topics without a log that a connection did not get because it was behind */
  readonly dropped: number;
}

const TICK_MS = 1_000;
/** More than two minutes: heartbeats come earlier. */
const SLOTS = 128;
/** Streams that are written in one turn: some milliseconds of work. The others have their turn after the sockets. */
const STREAMS_AT_ONCE = 500;

/**
 * The answers that doors hold open: who they are, when they are written, looked at, found too slow and asked to come back. One timer and
 * one listener serve all of them.
 */
export class HeldConnections implements StreamHome {
  readonly #parts: HeldParts;
  readonly #streams = new Map<Socket, EventStream>();
  readonly #wheel: TimerWheel<EventStream>;
  readonly #cuts = new PacedCuts();
  readonly #joiner = new FrameJoiner();
  readonly #counts = { writes: 0, bytes: 0, slowClosed: 0, dropped: 0 };
  /** those with frames of this turn, and how many of them are written */
  #dirty: EventStream[] = [];
  #isDue = false;
  #timer: NodeJS.Timeout | undefined;
  #onEmpty: (() => void) | undefined;
  #isDraining = false;
  /** The one listener: `this` is the socket. */
  readonly #closed: (this: Socket) => void;

  constructor(parts: HeldParts) {
    this.#parts = parts;
    this.#wheel = new TimerWheel({
      slots: SLOTS,
      slotMs: TICK_MS,
      startMs: this.nowMs(),
      due: (stream, nowMs) => stream.due(nowMs),
    });
    const remove = (socket: Socket): void => this.#remove(socket);
    this.#closed = function (this: Socket): void {
      remove(this);
    };
  }

  nowMs(): number {
    return this.#parts.monoMs?.() ?? performance.now();
  }

  /** Whether nobody is taken in any more. */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  get size(): number {
    return this.#streams.size;
  }

  draw(boundMs: number): number {
    return Math.floor((this.#parts.random?.() ?? Math.random()) * boundMs);
  }

  retryMs(): number {
    return this.draw(LIMITS.reconnectInMsMax);
  }

  add(socket: Socket, stream: EventStream, dueAtMs: number): void {
    this.#streams.set(socket, stream);
    socket.on('close', this.#closed);
    this.#wheel.add(stream, dueAtMs);
    this.#timer ??= setInterval(() => this.tick(this.nowMs()), TICK_MS).unref();
    // It was being made when the others were told.
    if (this.#isDraining) setImmediate(() => stream.leave('shutdown'));
  }

  wrote(stream: EventStream): void {
    this.#dirty.push(stream);
    if (this.#isDue) return;
    this.#isDue = true;
    setImmediate(() => this.#flushSome());
  }

  flushNow(stream: EventStream): void {
    this.#flush(stream);
    this.#joiner.release();
  }

  droppedOne(): void {
    this.#counts.dropped++;
    this.#parts.limits.hit('heldSoftBytes');
  }

  /** Cuts a stream that does not take what it is sent, of a crowd a few at a time. */
  tooSlow(stream: EventStream, limit: SlowLimit): void {
    this.#counts.slowClosed++;
    this.#parts.limits.hit(limit);
    this.#wheel.remove(stream);
    this.#cuts.add(stream);
  }

  /** Every second, by itself: what is due. */
  tick(nowMs: number): void {
    this.#wheel.advance(nowMs);
  }

  /** Asks every stream of which `isOut` holds to come back: its token is not believed any more. */
  judge(isOut: (stream: EventStream) => boolean): void {
    for (const stream of [...this.#streams.values()]) if (isOut(stream)) stream.leave('token');
  }

  /**
   * Tells all to come back elsewhere, ends them one after the other (SSE-33), and resolves when they are gone, after `windowMs` at the
   * latest; then what is left is cut. New ones are ended at once.
   */
  async drain(windowMs: number): Promise<void> {
    this.#isDraining = true;
    const late = performance.now() + windowMs;
    const all = [...this.#streams.values()];
    for (const stream of all) stream.announce('shutdown');
    await spreadCloses(all, windowMs, (stream) => stream.leave('shutdown'));
    if (this.size > 0) await this.#allGone(late - performance.now());
    this.close();
  }

  /** Cuts all, now. */
  close(): void {
    this.#isDraining = true;
    clearInterval(this.#timer);
    this.#timer = undefined;
    for (const stream of [...this.#streams.values()]) stream.destroy();
    this.#cuts.finish();
  }

  stats(): HeldFigures {
    let unsentBytes = 0;
    for (const stream of this.#streams.values()) unsentBytes += stream.unsentBytes;
    return { connections: this.size, unsentBytes, ...this.#counts };
  }

  #remove(socket: Socket): void {
    const stream = this.#streams.get(socket);
    if (stream === undefined) return;
    this.#streams.delete(socket);
    this.#wheel.remove(stream);
    this.#parts.queues.left(stream);
    stream.closed();
    if (this.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#onEmpty?.();
  }

  #flushSome(): void {
    const dirty = this.#dirty;
    this.#dirty = dirty.slice(STREAMS_AT_ONCE);
    dirty.length = Math.min(dirty.length, STREAMS_AT_ONCE);
    for (const stream of dirty) this.#flush(stream);
    this.#joiner.release();
    this.#isDue = this.#dirty.length > 0;
    if (this.#isDue) setImmediate(() => this.#flushSome());
  }

  #flush(stream: EventStream): void {
    const bytes = stream.flush(this.#joiner);
    if (bytes === 0) return;
    this.#counts.writes++;
    this.#counts.bytes += bytes;
    if (stream.unsentBytes > 0) this.#parts.queues.wrote(stream, bytes);
  }

  #allGone(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const late = setTimeout(resolve, Math.max(0, waitMs));
      this.#onEmpty = () => {
        clearTimeout(late);
        resolve();
      };
    });
  }
}
