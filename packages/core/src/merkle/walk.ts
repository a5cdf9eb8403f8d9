import type { ChildHash, ItemHash } from './DigestTrie.js';
import type { PartitionedTree, PartitionRoot } from './PartitionedTree.js';

/**
 * The steps of a Merkle walk, one for all map kinds: each takes the remote side's answer at some level and says what to
 * ask next. The remote side is right: what it has and we have not is fetched, what it has not is dropped.
 */

/** The partitions whose hashes differ, in order. Partitions missing in the answer hold nothing there. */
export function compareRoots(local: PartitionedTree, remoteRoots: readonly PartitionRoot[]): number[] {
  return differing(local.partitionRoots(), remoteRoots);
}

/** The paths below `path` whose hashes differ. Children missing in the answer hold nothing there. */
export function compareChildren(
  local: PartitionedTree,
  pid: number,
  path: string,
  remoteChildren: readonly ChildHash[],
): string[] {
  return differing(local.children(pid, path), remoteChildren).map((digit) => path + digit.toString(16));
}

/** Which items under `path` to fetch, because they are new or differ, and which to drop, because the remote has none. */
export function compareItems(
  local: PartitionedTree,
  pid: number,
  path: string,
  remoteItems: readonly ItemHash[],
): { fetch: string[]; drop: string[] } {
  const remote = new Map(remoteItems);
  const fetch: string[] = [];
  for (const [key, digest] of remote) if (local.digestOf(pid, key) !== digest) fetch.push(key);
  const drop = local.items(pid, path).flatMap(([key]) => (remote.has(key) ? [] : [key]));
  return { fetch, drop };
}

function differing(local: readonly ChildHash[], remote: readonly ChildHash[]): number[] {
  const hashes = new Map(local);
  const found: number[] = [];
  for (const [at, hash] of remote) {
    if ((hashes.get(at) ?? 0) !== hash) found.push(at);
    hashes.delete(at);
  }
  for (const [at, hash] of hashes) if (hash !== 0) found.push(at);
  return found.sort((a, b) => a - b);
}
