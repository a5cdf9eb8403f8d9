import { LIMITS } from '@topgun/protocol';
import { TokenBucket } from '../../engine/TokenBucket.js';
import type { LimitCounts } from '../../limits/LimitCounts.js';

/** How often a connection and a user may speak (WSJ-32). */
export interface SpeakingRates {
  readonly wsMessagesPerConnectionMax: number;
  readonly wsMessagesPerUserMax: number;
}

/** One user over all of its connections. */
export interface User {
  readonly sub: string;
  connections: number;
  readonly bucket: TokenBucket;
}

const RATE = {
  burstSeconds: LIMITS.rateBurstMs / 1000,
  resumeSeconds: LIMITS.rateResumeMs / 1000,
} as const;

/** The users that are connected, and what they may still say. */
export class Users {
  readonly #rates: SpeakingRates;
  readonly #counts: LimitCounts;
  readonly #users = new Map<string, User>();
  /** of connections that have said something */
  readonly #buckets = new WeakMap<object, TokenBucket>();

  constructor(rates: SpeakingRates, counts: LimitCounts) {
    this.#rates = rates;
    this.#counts = counts;
  }

  /** Users that are known: connected, or not to be forgotten yet. */
  get size(): number {
    return this.#users.size;
  }

  get connected(): number {
    let count = 0;
    for (const { connections } of this.#users.values()) if (connections > 0) count++;
    return count;
  }

  enter(sub: string): User {
    const known = this.#users.get(sub);
    const user = known ?? {
      sub,
      connections: 0,
      bucket: new TokenBucket({
        ...RATE,
        perSecond: this.#rates.wsMessagesPerUserMax,
        onEmpty: () => this.#counts.hit('wsMessagesPerUser'),
      }),
    };
    user.connections++;
    this.#users.set(sub, user);
    return user;
  }

  leave(user: User, nowMs: number): void {
    user.connections--;
    this.#forget(user, nowMs);
  }

  /** Forgets who has gone and may say everything again: coming back gains nothing. */
  sweep(nowMs: number): void {
    for (const user of this.#users.values()) this.#forget(user, nowMs);
  }

  /** Takes what a frame of so many bytes costs, and returns 0; or the ms to wait. `conn` stands for a connection of the user. */
  take(conn: object, user: User, bytes: number, nowMs: number): number {
    const cost = Math.max(1, Math.ceil(bytes / LIMITS.wsRateBytes));
    const bucket = this.#buckets.get(conn) ?? this.#newBucket(conn);
    const waitMs = Math.max(bucket.waitMs(nowMs), user.bucket.waitMs(nowMs));
    if (waitMs > 0) return waitMs;
    bucket.spend(cost);
    user.bucket.spend(cost);
    return 0;
  }

  #newBucket(conn: object): TokenBucket {
    const bucket = new TokenBucket({
      ...RATE,
      perSecond: this.#rates.wsMessagesPerConnectionMax,
      onEmpty: () => this.#counts.hit('wsMessagesPerConnection'),
    });
    this.#buckets.set(conn, bucket);
    return bucket;
  }

  #forget(user: User, nowMs: number): void {
    if (user.connections === 0 && user.bucket.isFull(nowMs)) this.#users.delete(user.sub);
  }
}
