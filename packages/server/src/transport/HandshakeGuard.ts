import { LIMITS } from '@topgun/protocol';
import { TokenBucket } from '../engine/TokenBucket.js';
import type { LimitCounts } from '../limits/LimitCounts.js';
import type { LimitName } from '../limits/table.js';
import { addressKey } from '../security/addresses.js';

export interface HandshakeSettings {
  readonly connectionsMax: number;
  readonly connectionsPerIpMax: number;
  readonly strangersMax: number;
  readonly handshakesMax: number;
  readonly handshakesPerIpMax: number;
}

/** Why a handshake is refused: the HTTP status. */
export type Refusal = 429 | 503;

/** The place of one socket. */
export interface Seat {
  /** its client is known, and no stranger any more */
  authenticated(): void;
  /** the socket is gone */
  leave(): void;
}

interface Visitor {
  open: number;
  readonly bucket: TokenBucket;
}

const BURST_SECONDS = LIMITS.rateBurstMs / 1000;

/** Decides who may open a socket: counts by address and in all, rates of handshakes (LMT-11). */
export class HandshakeGuard {
  readonly #settings: HandshakeSettings;
  readonly #counts: LimitCounts;
  readonly #visitors = new Map<string, Visitor>();
  readonly #all: TokenBucket;
  #open = 0;
  #strangers = 0;

  constructor(settings: HandshakeSettings, counts: LimitCounts) {
    this.#settings = settings;
    this.#counts = counts;
    this.#all = new TokenBucket({ perSecond: settings.handshakesMax, burstSeconds: BURST_SECONDS });
  }

  /** Lets a handshake go on, with a place that is its own until it leaves; or says why not. */
  admit(address: string, nowMs: number): Refusal | Seat {
    const { connectionsMax, connectionsPerIpMax, strangersMax } = this.#settings;
    const key = addressKey(address);
    const visitor = this.#visitors.get(key) ?? this.#newVisitor();
    if (visitor.bucket.waitMs(nowMs) > 0) return this.#refuse('handshakesPerIp', 429);
    if (visitor.open >= connectionsPerIpMax) return this.#refuse('connectionsPerIp', 429);
    if (this.#open >= connectionsMax) return this.#refuse('connections', 503);
    if (this.#strangers >= strangersMax) return this.#refuse('strangers', 503);
    if (this.#all.take(1, nowMs) > 0) return this.#refuse('handshakesPerNode', 503);
    visitor.bucket.spend(1);
    // Only who is let in is remembered: refusing costs nothing that stays.
    this.#visitors.set(key, visitor);
    return this.#take(visitor);
  }

  #take(visitor: Visitor): Seat {
    let isStranger = true;
    let isTaken = true;
    this.#open++;
    this.#strangers++;
    visitor.open++;
    const authenticated = (): void => {
      if (isStranger) this.#strangers--;
      isStranger = false;
    };
    const leave = (): void => {
      if (!isTaken) return;
      isTaken = false;
      authenticated();
      this.#open--;
      visitor.open--;
    };
    return { authenticated, leave };
  }

  /** Forgets addresses that have nothing open and have not come for a while; called now and then. */
  sweep(nowMs: number): void {
    for (const [key, { open, bucket }] of this.#visitors) {
      if (open <= 0 && bucket.isFull(nowMs)) this.#visitors.delete(key);
    }
  }

  #newVisitor(): Visitor {
    const { handshakesPerIpMax } = this.#settings;
    return {
      open: 0,
      bucket: new TokenBucket({ perSecond: handshakesPerIpMax, burstSeconds: BURST_SECONDS }),
    };
  }

  #refuse(limit: LimitName, status: Refusal): Refusal {
    this.#counts.hit(limit);
    return status;
  }
}
