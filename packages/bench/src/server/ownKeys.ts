import { partitionOf } from '@topgun/core';

/** Keys of one client that nobody else writes to, in the partitions that are given. */
export function ownKeys(session: string, count: number, pids?: readonly number[]): readonly string[] {
  const wanted = pids && new Set(pids);
  const keys: string[] = [];
  for (let nth = 0; keys.length < count; nth++) {
    const key = `${session}-${nth}`;
    if (wanted === undefined || wanted.has(partitionOf(key))) keys.push(key);
  }
  return keys;
}
