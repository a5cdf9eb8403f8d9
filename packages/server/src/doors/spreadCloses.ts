import { LIMITS } from '@topgun/protocol';

/** Of the time for a stop, what the closes are spread over; then the answers are waited for. */
const SPREAD_SHARE = 0.8;

/**
 * Closes each in its turn, evenly, one every `LIMITS.closeEveryMs` or faster, so that they do not all come to another node at once. It is done when most of
 * `windowMs` is over, at the latest.
 */
export async function spreadCloses<T>(
  all: readonly T[],
  windowMs: number,
  close: (one: T) => void,
): Promise<void> {
  const spreadMs = Math.min(windowMs * SPREAD_SHARE, all.length * LIMITS.closeEveryMs);
  const beganMs = performance.now();
  for (let at = 0; at < all.length; ) {
    const passedMs = performance.now() - beganMs;
    const share = passedMs >= spreadMs ? 1 : passedMs / spreadMs;
    for (const until = Math.max(at + 1, Math.ceil(all.length * share)); at < until; at++) close(all[at] as T);
    if (at < all.length) await new Promise((resolve) => setTimeout(resolve, LIMITS.closeEveryMs));
  }
}
