import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { delayOp, type Interceptor } from './Interceptor.js';

export interface RateLimitOptions {
  /** writes that one subject may make in `perMs`, those of a transaction counted one by one */
  readonly writes: number;
  /** ms, 1,000 by default */
  readonly perMs?: number;
  /** counts only these maps; all by default */
  readonly isCounted?: (map: string) => boolean;
}

/** Lets each subject write so often and no more: what is beyond is answered RATE, and sent again when there is room. */
export function rateLimit({ writes, perMs = 1_000, isCounted = () => true }: RateLimitOptions): Interceptor {
  const limiter = new RateLimiterMemory({ points: writes, duration: perMs / 1_000 });
  return {
    name: 'rateLimit',
    async onBeforeOp({ connection, writes: made }) {
      const points = made.filter(({ map }) => isCounted(map)).length;
      if (points === 0) return undefined;
      try {
        await limiter.consume(connection.principal.sub, points);
        return undefined;
      } catch (refusal) {
        if (!(refusal instanceof RateLimiterRes)) throw refusal;
        return delayOp('RATE', Math.ceil(refusal.msBeforeNext));
      }
    },
  };
}
