import { LIMITS } from '@topgun/protocol';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';

/** How often somebody may be wrong (AUTH-52): for a name from one address, and for all names from one address. */
export class LoginLimits {
  readonly #byName = new RateLimiterMemory({
    keyPrefix: 'name',
    points: LIMITS.loginsPerName,
    duration: LIMITS.loginNameMs / 1000,
  });
  readonly #byAddress = new RateLimiterMemory({
    keyPrefix: 'address',
    points: LIMITS.loginsPerAddress,
    duration: LIMITS.loginAddressMs / 1000,
  });

  /** Counts an attempt; ms to wait when there were too many, which are not counted. */
  async begin(name: string, address: string): Promise<number | undefined> {
    const place = networkOf(address);
    const waitMs = await waitOf(this.#byAddress, place);
    if (waitMs !== undefined) return waitMs;
    return waitOf(this.#byName, `${place} ${name}`);
  }

  /** The attempt was no failure. */
  async succeeded(name: string, address: string): Promise<void> {
    const place = networkOf(address);
    await this.#byName.delete(`${place} ${name}`);
    await this.#byAddress.reward(place);
  }
}

async function waitOf(limiter: RateLimiterMemory, key: string): Promise<number | undefined> {
  try {
    await limiter.consume(key);
    return undefined;
  } catch (error) {
    if (error instanceof RateLimiterRes) return Math.max(1, error.msBeforeNext);
    throw error;
  }
}

/** Of IPv6 the first half: one household has that many addresses. */
function networkOf(address: string): string {
  const isMapped = address.startsWith('::ffff:');
  if (isMapped || !address.includes(':')) return address;
  const [head = '', tail] = address.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const gap = tail === undefined ? 0 : 8 - left.length - right.length;
  return [...left, ...Array<string>(gap).fill('0'), ...right].slice(0, 4).join(':');
}
