import type { Socket } from 'node:net';
import type { Effect } from './Effect.js';

/** What is kept of what a side said; then it is not read any further, as by a network whose buffers are full. */
const KEPT_BYTES_MAX = 1024 * 1024;
const PIECES_PER_SECOND = 10;

interface Piece {
  readonly bytes: Buffer;
  readonly dueMs: number;
}

/** One direction of a connection: bytes come out as they went in, later, or not yet. */
export class Lane {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #random: () => number;
  readonly #pieces: Piece[] = [];
  #effects: readonly Effect[] = [];
  #keptBytes = 0;
  #lastDueMs = 0;
  #isFull = false;
  #timer: NodeJS.Timeout | undefined;
  /** the sender has said all, or is gone; told when everything before it is */
  #end: 'finished' | 'broken' | undefined;

  /** `random`: numbers from 0 up to 1. */
  constructor(from: Socket, to: Socket, random: () => number) {
    this.#from = from;
    this.#to = to;
    this.#random = random;
    from.on('data', (bytes: Buffer) => this.#take(bytes));
    from.once('end', () => this.#ends('finished'));
    from.once('close', () => {
      if (!from.readableEnded) this.#ends('broken');
    });
    to.on('drain', () => {
      this.#isFull = false;
      this.#pump();
    });
    to.once('close', () => clearTimeout(this.#timer));
  }

  /** Bytes that were said and have not come out. */
  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** Whether a text is among them; one that came in two pieces is not found. */
  keeps(text: string): boolean {
    return this.#pieces.some(({ bytes }) => bytes.includes(text));
  }

  set(effects: readonly Effect[]): void {
    this.#effects = effects;
    this.#pump();
  }

  get #isHeld(): boolean {
    return this.#effects.some(({ type }) => type === 'hold');
  }

  #take(bytes: Buffer): void {
    const nowMs = performance.now();
    let dueMs = Math.max(nowMs, this.#lastDueMs);
    let slice = bytes.length;
    for (const effect of this.#effects) {
      if (effect.type === 'slow')
        dueMs = Math.max(dueMs, nowMs + effect.delayMs + this.#random() * effect.jitterMs);
      if (effect.type === 'trickle')
        slice = Math.max(1, Math.floor(effect.bytesPerSecond / PIECES_PER_SECOND));
    }
    for (let at = 0; at < bytes.length; at += slice) {
      if (slice < bytes.length) dueMs += 1_000 / PIECES_PER_SECOND;
      this.#pieces.push({ bytes: bytes.subarray(at, at + slice), dueMs });
    }
    this.#lastDueMs = dueMs;
    this.#keptBytes += bytes.length;
    this.#pump();
    if (this.#keptBytes > KEPT_BYTES_MAX) this.#from.pause();
  }

  #ends(how: 'finished' | 'broken'): void {
    this.#end ??= how;
    this.#pump();
  }

  #pump(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#isHeld || this.#isFull || this.#to.destroyed) return;
    const nowMs = performance.now();
    for (let piece = this.#pieces[0]; piece !== undefined; piece = this.#pieces[0]) {
      if (piece.dueMs > nowMs) {
        this.#timer = setTimeout(() => this.#pump(), piece.dueMs - nowMs);
        return;
      }
      this.#pieces.shift();
      this.#keptBytes -= piece.bytes.length;
      this.#isFull = !this.#to.write(piece.bytes);
      if (this.#isFull) return;
    }
    if (this.#keptBytes <= KEPT_BYTES_MAX) this.#from.resume();
    if (this.#end === 'finished') this.#to.end();
    if (this.#end === 'broken') this.#to.resetAndDestroy();
  }
}
