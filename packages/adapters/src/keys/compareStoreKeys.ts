import type { StoreKey } from '@topgun/client';

/** Negative when `a` comes first: segment by segment, each by UTF-16 code unit, a shorter key before its extensions. */
export function compareStoreKeys(a: StoreKey, b: StoreKey): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const [left, right] = [a[i] as string, b[i] as string];
    if (left !== right) return left < right ? -1 : 1;
  }
  return a.length - b.length;
}
