import { LIMITS } from '@topgun/protocol';

/** What a socket that is too slow has passed, by the name of the limit. */
export type SlowLimit = 'outQueueBytes' | 'wsHardBytes' | 'stalledMs' | 'outQueuesHeapShare';

/** What of a socket is looked at. */
export interface OutQueue {
  readonly unsentBytes: number;
  /** grows by what the network takes, and by nothing else */
  readonly takenBytes: number;
}

export interface OutQueuesOptions<S> {
  /** of all sockets together */
  readonly bytesMax: number;
  readonly stalledMs: number;
  /** must let the socket go; it is told once of each */
  readonly tooSlow: (socket: S, limit: SlowLimit) => void;
}

/** One that sees to itself. */
export interface SlowSocket extends OutQueue {
  /** must let go of what it holds */
  tooSlow(limit: SlowLimit): void;
}

/** Those of all sockets of a server, of whatever door. */
export const outQueuesOf = (bytesMax: number): OutQueues<SlowSocket> =>
  new OutQueues({
    bytesMax,
    stalledMs: LIMITS.stalledMs,
    tooSlow: (socket, limit) => socket.tooSlow(limit),
  });

/** How far the network had come with a socket, and since when it has not come further. */
interface Mark {
  taken: number;
  /** of a look; infinite before the first one */
  sinceMs: number;
}

/** The share of the limit that is written before the sum is made again: a sum costs a look at every socket that waits. */
const ROUGHLY = 1 / 64;

/**
 * The sockets that hold something unsent: those that stand still are found by the age of what they hold, however little it is
 * (FLOW-6), and all together are kept below a limit (FLOW-7). It has no clock; `watch` is called every second or so.
 */
export class OutQueues<S extends OutQueue> {
  readonly #options: OutQueuesOptions<S>;
  readonly #waiting = new Map<S, Mark>();
  /** not less than what all hold, and how much of it was counted */
  #atMost = 0;
  #summed = 0;

  constructor(options: OutQueuesOptions<S>) {
    this.#options = options;
  }

  /** Sockets that hold something unsent, as far as is known. */
  get size(): number {
    return this.#waiting.size;
  }

  /** So much was written to a socket that does not take it at once. */
  wrote(socket: S, bytes: number): void {
    if (!this.#waiting.has(socket))
      this.#waiting.set(socket, { taken: socket.takenBytes, sinceMs: Number.POSITIVE_INFINITY });
    this.#atMost += bytes;
    const { bytesMax } = this.#options;
    if (this.#atMost > bytesMax && this.#atMost - this.#summed > bytesMax * ROUGHLY) this.#relieve();
  }

  left(socket: S): void {
    this.#waiting.delete(socket);
  }

  watch(nowMs: number): void {
    const stalled: S[] = [];
    for (const [socket, mark] of this.#waiting) {
      if (socket.unsentBytes === 0) this.#waiting.delete(socket);
      else if (socket.takenBytes > mark.taken || mark.sinceMs === Number.POSITIVE_INFINITY) {
        mark.taken = socket.takenBytes;
        mark.sinceMs = nowMs;
      } else if (nowMs - mark.sinceMs >= this.#options.stalledMs) stalled.push(socket);
    }
    for (const socket of stalled) this.#close(socket, 'stalledMs');
    this.#relieve();
  }

  /** Counts, and closes the slowest until the rest holds no more than the limit. */
  #relieve(): void {
    let sum = 0;
    for (const { unsentBytes } of this.#waiting.keys()) sum += unsentBytes;
    if (sum > this.#options.bytesMax) {
      const slowest = [...this.#waiting].map(([socket, { sinceMs }]) => ({
        socket,
        sinceMs,
        bytes: socket.unsentBytes,
      }));
      slowest.sort((a, b) => a.sinceMs - b.sinceMs || b.bytes - a.bytes);
      for (const { socket, bytes } of slowest) {
        if (sum <= this.#options.bytesMax) break;
        this.#close(socket, 'outQueuesHeapShare');
        sum -= bytes;
      }
    }
    this.#atMost = sum;
    this.#summed = sum;
  }

  #close(socket: S, limit: SlowLimit): void {
    this.#waiting.delete(socket);
    this.#options.tooSlow(socket, limit);
  }
}
