import type { LimitCounts } from '../../limits/LimitCounts.js';
import type { SharedMessage, TopicMessage } from '../../topics/ports.js';
import type { OutQueues, SlowSocket } from '../../transport/OutQueues.js';
import { FrameJoiner } from '../held/FrameJoiner.js';
import type { DoorCounts, DoorMeter } from './DoorCounts.js';
import type { JsonConnection } from './JsonConnection.js';
import type { JsonSocket } from './JsonSocket.js';
import { messageFrame, type Reply, replyFrame } from './serverFrames.js';

export interface OutgoingParts {
  readonly limits: Pick<LimitCounts, 'hit'>;
  readonly queues: OutQueues<SlowSocket>;
  readonly meter?: DoorMeter | undefined;
  readonly wallMs: () => number;
}

/** Connections that are written in one turn: some milliseconds of work. The others have their turn after the sockets. */
const WRITES_AT_ONCE = 500;

/** What goes out: frames of a turn are gathered, and written when it ends. */
export class Outgoing {
  readonly #parts: OutgoingParts;
  readonly #counts: DoorCounts;
  readonly #joiner = new FrameJoiner();
  /** those with frames of this turn */
  #dirty: JsonSocket[] = [];
  #isDue = false;

  constructor(parts: OutgoingParts, counts: DoorCounts) {
    this.#parts = parts;
    this.#counts = counts;
  }

  tell(conn: JsonConnection, reply: Reply): void {
    this.#push(conn, replyFrame(reply, this.#parts.wallMs()));
  }

  /** A message of a topic; true: the connection gets it. */
  deliver(conn: JsonConnection, shared: SharedMessage, isLossy: boolean): boolean {
    if (isLossy && conn.out.isBehind) {
      this.#counts.dropped++;
      this.#parts.limits.hit('wsSoftBytes');
      return false;
    }
    this.#push(conn, shared.encoded('json', this.#encode));
    return !conn.isSlow;
  }

  ping(conn: JsonConnection): void {
    conn.out.ping();
  }

  close(conn: JsonConnection, code: number, reason: string, last?: Reply): void {
    const frame = last === undefined ? undefined : replyFrame(last, this.#parts.wallMs());
    this.#wrote(conn.out, conn.out.close(code, reason, this.#joiner, frame));
    this.#joiner.release();
  }

  readonly #encode = (message: TopicMessage): Buffer => {
    this.#counts.encoded++;
    this.#parts.meter?.lagged(Math.max(0, this.#parts.wallMs() - message.ts));
    return messageFrame(message);
  };

  #push(conn: JsonConnection, frame: Buffer): void {
    this.#counts.framesOut++;
    if (!conn.out.push(frame)) return;
    this.#dirty.push(conn.out);
    if (this.#isDue) return;
    this.#isDue = true;
    setImmediate(() => this.#flushSome());
  }

  #flushSome(): void {
    const dirty = this.#dirty;
    this.#dirty = dirty.slice(WRITES_AT_ONCE);
    dirty.length = Math.min(dirty.length, WRITES_AT_ONCE);
    for (const out of dirty) this.#wrote(out, out.flush(this.#joiner));
    this.#joiner.release();
    this.#isDue = this.#dirty.length > 0;
    if (this.#isDue) setImmediate(() => this.#flushSome());
  }

  #wrote(out: JsonSocket, bytes: number): void {
    if (bytes === 0) return;
    this.#counts.writes++;
    this.#counts.bytesOut += bytes;
    if (out.mayWait) this.#parts.queues.wrote(out, bytes);
  }
}
