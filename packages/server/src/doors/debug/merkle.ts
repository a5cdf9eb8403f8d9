import { PARTITION_COUNT, PATH_DIGITS_MAX, splitRowKey } from '@topgun/core';
import type { MapState } from '../../engine/MapState.js';
import { wholeIn, wrong } from '../export.js';

/** Items of a node that are shown one by one. */
const ITEMS_MAX = 64;

/** `/merkle`: what a device compares its own hashes with, the whole map's, a partition's or those under a path in it (DBG-7). */
export function merkleOf(state: MapState, query: URLSearchParams): unknown {
  const tree = state.tree.read();
  const asked = query.get('pid');
  const { name: map } = state;
  if (asked === null) {
    const partitions = tree.partitionRoots().map(([pid, hash]) => ({
      pid,
      hash: hex(hash),
      items: tree.countUnder(pid, ''),
    }));
    return { map, root: hex(tree.rootHash()), items: tree.size, partitions };
  }
  const pid = wholeIn('pid', asked, 0, PARTITION_COUNT - 1);
  const path = query.get('path') ?? '';
  if (!/^[\da-f]*$/.test(path) || path.length > PATH_DIGITS_MAX)
    throw wrong('path', `up to ${PATH_DIGITS_MAX} digits of 0-9 a-f`);
  const items = tree.countUnder(pid, path);
  const children =
    path.length === PATH_DIGITS_MAX
      ? []
      : tree.children(pid, path).map(([digit, hash]) => {
          const child = path + digit.toString(16);
          return { path: child, hash: hex(hash), items: tree.countUnder(pid, child) };
        });
  return {
    map,
    pid,
    path,
    hash: hex(tree.nodeHash(pid, path)),
    items,
    children,
    ...(items <= ITEMS_MAX && {
      digests: tree
        .items(pid, path)
        .map(([item, digest]) => ({ ...namesOf(state, item), digest: hex(digest) })),
    }),
  };
}

function namesOf({ kind }: MapState, item: string): { readonly key: string; readonly tag?: string } {
  return (kind === 'OR' ? splitRowKey(item) : undefined) ?? { key: item };
}

const hex = (hash: number): string => hash.toString(16);
