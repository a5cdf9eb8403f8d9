import { LIMITS } from '@topgun/protocol';
import type { Connection } from './Connection.js';
import type { EngineLimits } from './EngineLimits.js';
import type { Tally } from './Tally.js';
import { TokenBucket } from './TokenBucket.js';

const SECOND_MS = 1000;
const HOUR_S = 3600;

/** What one principal uses over all of its connections. */
export class Account {
  readonly sub: string;
  readonly connections = new Set<Connection>();
  readonly ops: TokenBucket;
  readonly bytes: TokenBucket;
  readonly newMaps: TokenBucket;

  constructor(sub: string, limits: EngineLimits, tally: Tally) {
    this.sub = sub;
    const rate = {
      burstSeconds: LIMITS.rateBurstMs / SECOND_MS,
      resumeSeconds: LIMITS.rateResumeMs / SECOND_MS,
    };
    this.ops = new TokenBucket({
      ...rate,
      perSecond: limits.opsPerSecondPerPrincipal,
      onEmpty: () => tally.hit('opsPerSecondPerPrincipal'),
    });
    this.bytes = new TokenBucket({
      ...rate,
      perSecond: limits.bytesPerSecondPerPrincipal,
      onEmpty: () => tally.hit('bytesPerSecondPerPrincipal'),
    });
    this.newMaps = new TokenBucket({
      perSecond: limits.newMapsPerPrincipal / HOUR_S,
      burstSeconds: HOUR_S,
      onEmpty: () => tally.hit('newMapsPerPrincipal'),
    });
  }

  /** Nothing is lost when it is forgotten. */
  isSpare(nowMs: number): boolean {
    return (
      this.connections.size === 0 &&
      [this.ops, this.bytes, this.newMaps].every((bucket) => bucket.isFull(nowMs))
    );
  }
}
