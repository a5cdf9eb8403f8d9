import { hashLanes, lanes } from '../hash/hashString.js';

/** Into how many partitions the keys of every map fall. Fixed for good: stores and clients rely on it. */
export const PARTITION_COUNT = 271;

/** The part of a key that decides its partition: the text in the first `{…}` if it is not empty, else the whole key. */
export function tagOf(key: string): string {
  const open = key.indexOf('{');
  if (open < 0) return key;
  const close = key.indexOf('}', open + 1);
  return close > open + 1 ? key.slice(open + 1, close) : key;
}

/**
 * The partition of a key, from 0 to 270: `hashString(tagOf(key)) mod 271`, the same on every runtime (DAT-3). The map's
 * name plays no part, so keys with one tag meet in one partition across maps.
 */
export function partitionOf(key: string): number {
  hashLanes(tagOf(key));
  // hi * 2^27 + lo taken mod 271 in small integers; a remainder of 53-bit floats is several times slower.
  const hi = ((lanes[0] as number) >>> 6) % PARTITION_COUNT;
  return (hi * (2 ** 27 % PARTITION_COUNT) + ((lanes[1] as number) >>> 5)) % PARTITION_COUNT;
}
