/** From this share of changed items on, sorting anew is cheaper than placing each. */
const PLACED_SHARE = 1 / 8;

/**
 * Takes items out of a sorted array and puts others in; no two items may be level. Costs O(log n) comparisons per item, or
 * one sort where there are many.
 */
export function replaceSorted<T>(
  sorted: T[],
  gone: readonly T[],
  come: readonly T[],
  compare: (a: T, b: T) => number,
): void {
  if (gone.length + come.length > sorted.length * PLACED_SHARE + 1) {
    const left = new Set(gone);
    const kept = gone.length === 0 ? sorted.splice(0) : sorted.splice(0).filter((item) => !left.has(item));
    for (const item of kept) sorted.push(item);
    for (const item of come) sorted.push(item);
    sorted.sort(compare);
    return;
  }
  for (const item of gone) sorted.splice(placeOf(sorted, item, compare), 1);
  for (const item of come) sorted.splice(placeOf(sorted, item, compare), 0, item);
}

/** The first place in a sorted array whose item does not come before this one. */
function placeOf<T>(sorted: readonly T[], item: T, compare: (a: T, b: T) => number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compare(sorted[middle] as T, item) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
