import type { Socket } from 'node:net';
import { CLOSE_CODE, LIMITS } from '@topgun/protocol';
import type { RawData, WebSocket } from 'ws';
import type { LinkEndReason } from './LinkCounts.js';
import type { Settled } from './settle.js';

/** What a link tells whoever has it. */
export interface LinkEvents {
  message(link: Link, frame: Buffer): void;
  /** told once; nothing follows */
  ended(link: Link, why: LinkEndReason): void;
}

export interface LinkParts extends Settled {
  /** the node at the other end */
  readonly name: string;
  readonly socket: WebSocket;
  /** that the WebSocket runs on */
  readonly stream: Socket;
  readonly events: LinkEvents;
}

const LOOKS_TO_HEARTBEAT = LIMITS.linkHeartbeatMs / LIMITS.linkLookMs;
const LOOKS_TO_SILENCE = LIMITS.linkSilenceMs / LIMITS.linkLookMs;

/**
 * One link, from the moment that both sides are known to each other. Frames go out in the order of `send`; those of one turn of the event
 * loop leave in one write.
 *
 * Silence is counted in looks and not in time: a process that stood still for ten seconds has looked once, and reads what came meanwhile
 * before it looks again. Bytes count and not messages, for a large one takes its time.
 */
export class Link implements Settled {
  readonly name: string;
  readonly boot: string;
  readonly dialler: string;
  readonly #socket: WebSocket;
  readonly #stream: Socket;
  readonly #events: LinkEvents;
  #looks = 0;
  #silentLooks = 0;
  #bytesRead: number;
  #isCorked = false;
  #hasEnded = false;

  constructor({ name, boot, dialler, socket, stream, events }: LinkParts) {
    this.name = name;
    this.boot = boot;
    this.dialler = dialler;
    this.#socket = socket;
    this.#stream = stream;
    this.#events = events;
    this.#bytesRead = stream.bytesRead;
    socket.on('message', (data: RawData) => {
      // Once it has ended, what was on its way is lost.
      if (!this.#hasEnded) events.message(this, data as Buffer);
    });
    socket.on('close', (code) => this.#end(code === CLOSE_CODE.REPLACED ? 'replaced' : reasonOf(code)));
  }

  /** Bytes that wait to be sent. */
  get waitingBytes(): number {
    return this.#socket.bufferedAmount;
  }

  /** False when it has ended. What is too much for it ends it; that is told after this turn, for whoever sends does not expect it now. */
  send(frame: Uint8Array): boolean {
    if (this.#hasEnded) return false;
    if (frame.length + this.waitingBytes > LIMITS.linkQueueBytes) {
      this.#hasEnded = true;
      this.#socket.terminate();
      setImmediate(() => this.#events.ended(this, 'queue'));
      return false;
    }
    if (!this.#isCorked) {
      this.#isCorked = true;
      this.#stream.cork();
      setImmediate(() => {
        this.#isCorked = false;
        this.#stream.uncork();
      });
    }
    this.#socket.send(frame, { binary: true });
    return true;
  }

  /** To be called every `LIMITS.linkLookMs`: says that this side lives, and ends the link when the other side says nothing. */
  look(): void {
    const { bytesRead } = this.#stream;
    this.#silentLooks = bytesRead === this.#bytesRead ? this.#silentLooks + 1 : 0;
    this.#bytesRead = bytesRead;
    if (this.#silentLooks >= LOOKS_TO_SILENCE) return this.cut('silence');
    this.#looks++;
    if (this.#looks % LOOKS_TO_HEARTBEAT === 0 && this.#socket.readyState === this.#socket.OPEN)
      this.#socket.ping();
  }

  /** Ends it at once, without a word. */
  cut(why: LinkEndReason): void {
    this.#socket.terminate();
    this.#end(why);
  }

  /** Ends it; the other side is told why. */
  close(code: number, why: LinkEndReason): void {
    this.#socket.close(code);
    // Who does not answer is cut by `ws`, after half a minute; nothing of it is heard here any more.
    this.#end(why);
  }

  #end(why: LinkEndReason): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#events.ended(this, why);
  }
}

/** 1005 and 1006 are words of `ws` for an end without any. */
const reasonOf = (code: number): LinkEndReason => (code === 1005 || code === 1006 ? 'broken' : 'left');
