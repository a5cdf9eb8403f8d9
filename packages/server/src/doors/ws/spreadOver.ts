import { LIMITS } from '@topgun/protocol';

/** Does something to each, evenly over the time; the last at its end at the latest. */
export async function spreadOver<T>(
  all: readonly T[],
  windowMs: number,
  work: (one: T) => void,
): Promise<void> {
  const beganMs = performance.now();
  for (let at = 0; at < all.length; ) {
    const passedMs = performance.now() - beganMs;
    const share = passedMs >= windowMs ? 1 : passedMs / windowMs;
    for (const until = Math.max(at + 1, Math.ceil(all.length * share)); at < until; at++) work(all[at] as T);
    if (at < all.length) await new Promise((resolve) => setTimeout(resolve, LIMITS.wsCloseEveryMs));
  }
}
