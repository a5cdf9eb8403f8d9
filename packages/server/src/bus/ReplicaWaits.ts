import { LIMITS } from '@topgun/protocol';
import { Redis, type RedisOptions } from 'ioredis';

/** Who waits until replicas have what a master accepted. */
interface Waiter {
  readonly key: string;
  readonly isWanted: () => boolean;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Asks a master which of its replicas have what it accepted, through a connection of its own: WAIT holds up a whole connection, and topics
 * that need no replica, and the pings, are not to stand behind it.
 *
 * WAIT speaks of the writes of its own connection, so each asking begins with a write: replicas that have that one have all that was
 * accepted before it. One asking at a time serves all who wait: under load many messages cost one round trip.
 */
export class ReplicaWaits {
  readonly #redis: Redis;
  readonly #replicas: number;
  readonly #ended: (error: Error) => void;
  #lastError: Error | undefined;
  #waiting: Waiter[] = [];
  #isAsking = false;
  #isClosed = false;

  /** `ended`: the connection is lost, and all who waited were refused */
  constructor(options: RedisOptions, replicas: number, ended: (error: Error) => void) {
    this.#replicas = replicas;
    this.#ended = ended;
    this.#redis = new Redis({ ...options, replyMapping: 'legacy' });
    this.#redis.on('error', (error: Error) => {
      this.#lastError = error;
    });
    this.#redis.on('end', () => this.#end());
  }

  /** Rejects unless it reaches the server of this `runId`: Sentinels may have named another one by now. */
  async open(runId: string): Promise<void> {
    try {
      await this.#redis.connect();
    } catch (error) {
      throw this.#lastError ?? error;
    }
    await this.#redis.wait(0, 0);
    if ((await runIdOf(this.#redis)) !== runId) throw new Error('the master has changed meanwhile');
  }

  /** Resolves when enough replicas have all that this master accepted until now. `isWanted`: whether anybody waits for it still. */
  reached(key: string, isWanted: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ key, isWanted, resolve, reject });
      void this.#ask();
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#redis.disconnect();
    this.#refuse(new Error('connection lost'));
  }

  async #ask(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    while (this.#waiting.length > 0 && !this.#isClosed) {
      const asked = this.#waiting;
      this.#waiting = [];
      try {
        const isEnough = (await this.#reachedNow(asked[0]?.key ?? '')) >= this.#replicas;
        const isDone = ({ isWanted }: Waiter): boolean => isEnough || !isWanted();
        this.#waiting = [...asked.filter((waiter) => !isDone(waiter)), ...this.#waiting];
        for (const waiter of asked) if (isDone(waiter)) waiter.resolve();
      } catch (error) {
        for (const waiter of asked) waiter.reject(error);
      }
    }
    this.#isAsking = false;
  }

  async #reachedNow(key: string): Promise<number> {
    const late = setTimeout(() => this.#redis.disconnect(), LIMITS.busReplicasMs + LIMITS.busAnswerMs);
    try {
      const [, reached] = await Promise.all([
        this.#redis.set(key, '', 'PX', LIMITS.busAcceptedMs),
        this.#redis.wait(this.#replicas, LIMITS.busReplicasMs),
      ]);
      return reached;
    } finally {
      clearTimeout(late);
    }
  }

  #end(): void {
    if (this.#isClosed) return;
    this.close();
    this.#ended(this.#lastError ?? new Error('the connection that asks replicas was lost'));
  }

  #refuse(error: Error): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { reject } of waiting) reject(error);
  }
}

/** Which run of which server answers. */
export async function runIdOf(redis: Redis): Promise<string> {
  return /^run_id:(\w+)/m.exec(await redis.info('server'))?.[1] ?? '';
}
