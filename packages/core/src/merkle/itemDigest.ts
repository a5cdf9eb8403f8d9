import {
  absorbLanes,
  hashHi,
  hashLanes,
  hashLo,
  lanes,
  lanesToHash,
  mixLanes,
  setLanes,
} from '../hash/hashString.js';

const SEED_NODE = 0x5be0cd19;
const SEED_TAG = 0x1b873593;

// Rows come in runs of one writer, so the hash of the last node id is kept. A pure function's memo, nothing more.
let memoNode = '';
let memoA = 0;
let memoB = 0;
remember('');

function remember(node: string): void {
  hashLanes(node, SEED_NODE);
  memoNode = node;
  memoA = lanes[0] as number;
  memoB = lanes[1] as number;
}

/**
 * The 53-bit digest of one item of a replicated map (DAT-5): equal for two replicas iff they hold the same version.
 *
 * Covers key, packed time and node id of the stamp, time to live, the hash of the value (`GONE_HASH` for a deletion),
 * and for an element of an OR map its tag.
 */
export function itemDigest(
  key: string,
  t: number,
  node: string,
  ttlMs: number | undefined,
  valueHash: number,
  tag?: string,
): number {
  hashLanes(key);
  digestLanes(
    lanes[0] as number,
    lanes[1] as number,
    t,
    node,
    ttlMs,
    hashHi(valueHash),
    hashLo(valueHash),
    tag,
  );
  return lanesToHash();
}

/** Sets the lanes to an item's digest, from those of its key, `a` and `b`, and the halves of its value's hash. */
export function digestLanes(
  a: number,
  b: number,
  t: number,
  node: string,
  ttlMs: number | undefined,
  valueHi: number,
  valueLo: number,
  tag: string | undefined,
): void {
  if (node !== memoNode) remember(node);
  setLanes(a, b);
  absorbLanes(memoA, memoB);
  absorbLanes(hashHi(t), hashLo(t));
  mixLanes(valueHi, valueLo);
  if (ttlMs) mixLanes(hashHi(ttlMs), hashLo(ttlMs));
  if (tag === undefined) return;
  const itemA = lanes[0] as number;
  const itemB = lanes[1] as number;
  hashLanes(tag, SEED_TAG);
  mixLanes(itemA, itemB);
}

/** What stands for the value of a deletion in `itemDigest`. */
export const GONE_HASH = 0;
