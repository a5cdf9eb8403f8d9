import { hashString } from '@topgun/core';
import { jumpHash } from './jumpHash.js';

/** Where a partition is now: at one of the nodes (its place among them), nowhere, or where nothing can be taken from. */
export type Place = number | 'nowhere' | 'out of reach';

/**
 * Says for each partition at which of `nodeCount` nodes it is to be, so that
 *
 * - no node has more than one partition more than another, of those within reach;
 * - nothing moves that need not: a partition stays where it is unless its node has too many (CLU-11).
 *
 * So a node that joins is given what it is due and nothing else moves, and what a node leaves behind is all that moves. What moves goes
 * where jump hashing over the slots would have it, if there is room. Slots alone, without looking at where things are, would move twice as
 * much when a node leaves, for the highest slot takes the place of the one that is left.
 *
 * `places` is by pid; the answer has the pids in it whose place changes. Needs `nodeCount` > 0.
 */
export function placePartitions(places: readonly Place[], nodeCount: number): ReadonlyMap<number, number> {
  const counts = new Array<number>(nodeCount).fill(0);
  const ideals = places.map((_, pid) => jumpHash(hashString(String(pid)), nodeCount));
  const homeless: number[] = [];
  let total = 0;
  for (const [pid, place] of places.entries()) {
    if (place === 'out of reach') continue;
    total++;
    if (place === 'nowhere') homeless.push(pid);
    else counts[place] = (counts[place] ?? 0) + 1;
  }
  const quotas = quotasOf(counts, total);
  const isFull = (node: number): boolean => (counts[node] ?? 0) >= (quotas[node] ?? 0);
  const isOver = (node: number): boolean => (counts[node] ?? 0) > (quotas[node] ?? 0);
  const moving = [...homeless];
  // Those first that would like to be elsewhere, where there is room; the later ones then, so that pids move in a few runs.
  for (const wish of [true, false]) {
    for (let pid = places.length - 1; pid >= 0; pid--) {
      const place = places[pid];
      const ideal = ideals[pid] ?? 0;
      if (typeof place !== 'number' || !isOver(place)) continue;
      if (moving.includes(pid) || (wish && (ideal === place || isFull(ideal)))) continue;
      counts[place] = (counts[place] ?? 0) - 1;
      moving.push(pid);
    }
  }
  const moved = new Map<number, number>();
  const put = (pid: number, node: number): void => {
    moved.set(pid, node);
    counts[node] = (counts[node] ?? 0) + 1;
  };
  moving.sort((a, b) => a - b);
  for (const pid of moving) {
    const ideal = ideals[pid] ?? 0;
    if (!isFull(ideal)) put(pid, ideal);
  }
  let node = 0;
  for (const pid of moving) {
    if (moved.has(pid)) continue;
    // The quotas add up to the total: there is room for each.
    while (isFull(node)) node++;
    put(pid, node);
  }
  return moved;
}

/** An equal share each; those that have most already get the ones that are left. */
function quotasOf(counts: readonly number[], total: number): readonly number[] {
  const share = Math.floor(total / counts.length);
  const left = total - share * counts.length;
  const byCount = counts
    .map((count, node) => ({ count, node }))
    .sort((a, b) => b.count - a.count || a.node - b.node);
  const quotas = new Array<number>(counts.length).fill(share);
  for (const { node } of byCount.slice(0, left)) quotas[node] = share + 1;
  return quotas;
}
