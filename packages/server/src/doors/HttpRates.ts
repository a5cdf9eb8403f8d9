import { LIMITS } from '@topgun/protocol';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { LimitCounts } from '../limits/LimitCounts.js';
import type { LimitName } from '../limits/table.js';
import { addressKey } from '../security/addresses.js';
import { HttpRefusal } from './Route.js';

const BURST_S = LIMITS.rateBurstMs / 1000;
/** Who asks whether the server is there must hear it above all when there is much to do. */
const PROBES: ReadonlySet<string> = new Set(['/health', '/healthz', '/ready', '/readyz']);

export interface HttpRateSettings {
  readonly httpRequestsPerIpMax: number;
  readonly httpRequestsPerUserMax: number;
}

/** How often addresses and principals may ask over HTTP (LMT-12). */
export class HttpRates {
  readonly #byAddress: RateLimiterMemory;
  readonly #bySub: RateLimiterMemory;
  readonly #counts: LimitCounts;

  constructor(settings: HttpRateSettings, counts: LimitCounts) {
    const limiter = (perSecond: number): RateLimiterMemory =>
      new RateLimiterMemory({ points: perSecond * BURST_S, duration: BURST_S });
    this.#byAddress = limiter(settings.httpRequestsPerIpMax);
    this.#bySub = limiter(settings.httpRequestsPerUserMax);
    this.#counts = counts;
  }

  /** Throws 429 when the address has asked too often. */
  async ofAddress(address: string, path: string): Promise<void> {
    if (!PROBES.has(path)) await this.#take(this.#byAddress, addressKey(address), 'httpRequestsPerIp');
  }

  /** Throws 429 when the principal has asked too often. */
  ofPrincipal(sub: string): Promise<void> {
    return this.#take(this.#bySub, sub, 'httpRequestsPerPrincipal');
  }

  async #take(limiter: RateLimiterMemory, key: string, limit: LimitName): Promise<void> {
    try {
      await limiter.consume(key);
    } catch (exceeded) {
      if (!(exceeded instanceof RateLimiterRes)) throw exceeded;
      this.#counts.hit(limit);
      const retryAfterMs = exceeded.msBeforeNext;
      throw new HttpRefusal(
        429,
        { code: 'RATE', retryAfterMs },
        { 'Retry-After': String(Math.ceil(retryAfterMs / 1000)) },
      );
    }
  }
}
