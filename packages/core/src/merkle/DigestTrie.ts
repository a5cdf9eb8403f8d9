import { coreError } from '../errors.js';
import {
  hashHi,
  hashLanes,
  hashLo,
  joinHash,
  lanes,
  lanesToHash,
  mixLanes,
  xorHash,
} from '../hash/hashString.js';

/** Hex digits a path may have: 24 of the 26 high bits of a key's hash. */
export const PATH_DIGITS_MAX = 6;

/** A child of a node: its hex digit as a number from 0 to 15, and its hash. */
export type ChildHash = readonly [digit: number, hash: number];

/** An item under a node: its key and digest. */
export type ItemHash = readonly [key: string, digest: number];

/** What a digest tree tells. Paths are hex digits of the key's hash, '' being the root; hashes are 53-bit numbers. */
export interface MerkleReader {
  /** Items in the tree. */
  readonly size: number;
  /** The hash of everything; 0 when empty. */
  getRootHash(): number;
  /** The hash of everything under a path; 0 when nothing is there. */
  getNode(path: string): number;
  /** The non-empty children of a path: hex digit → hash. */
  getBuckets(path: string): Record<string, number>;
  /** The non-empty children of a path, in order of digits. */
  children(path: string): ChildHash[];
  /** The keys under a path. The first call after a key came or went sorts all keys, in O(n log n). */
  getKeysInBucket(path: string): string[];
  /** The keys under a path with their digests. */
  items(path: string): ItemHash[];
  /** Items under a path. */
  countUnder(path: string): number;
  /** The digest of a key. */
  get(key: string): number | undefined;
  has(key: string): boolean;
}

/** How a tree is laid out. */
export interface DigestTrieOptions {
  /** Levels kept ready below the root, from 0 to 4. Hashes do not depend on it, only the cost of reading them. Default 3. */
  readonly depth?: number;
  /** The 53-bit hash that places a key; a narrower one makes more keys meet in a leaf. Default `hashString`. */
  readonly hashKey?: (key: string) => number;
}

const DEPTH_MAX = 4;
// Of each node: how many items lie under it, then the xor of their hashes in 26 and 27 bits.
const NODE_WORDS = 3;
// Bits of a key's hash that place it: the high part of a 53-bit hash.
const PLACE_BITS = 26;

/**
 * A prefix trie over the hash of the key, 16 children per node, whose nodes carry the xor of the items under them.
 *
 * The xor makes a write O(depth): it flips the item's old hash out and the new one in, along one path, in one typed array.
 * It also makes a node's hash independent of the order of writes, of the depth, and of anything removed again, so an
 * emptied tree equals a fresh one. Each item enters as a well-mixed hash of key and digest; a bare xor of digests would
 * not see two keys that swap theirs. Below the kept levels a node is computed from its leaf, so paths of up to 6 digits
 * work in every tree.
 *
 * Where the items live is left to the subclass: this class keeps hashes only, and sorts the keys by place when somebody
 * asks for keys and they have changed since. Not for adversaries: who can choose values freely can find colliding 53-bit hashes.
 */
export abstract class DigestTrie implements MerkleReader {
  readonly #depth: number;
  readonly #leavesFrom: number;
  readonly #hashKey: ((key: string) => number) | undefined;
  #nodes: Int32Array | undefined;
  #placed: Placed[] | undefined;

  constructor(options: DigestTrieOptions = {}) {
    const depth = options.depth ?? 3;
    if (!Number.isInteger(depth) || depth < 0 || depth > DEPTH_MAX) {
      throw coreError('MERKLE_INVALID', `Invalid Merkle depth: ${depth}`);
    }
    this.#depth = depth;
    this.#leavesFrom = firstOfLevel(depth);
    this.#hashKey = options.hashKey;
  }

  abstract readonly size: number;
  abstract get(key: string): number | undefined;
  protected abstract itemKeys(): Iterable<string>;

  /** Called before anything is read; a subclass that hashes lazily catches up here. */
  protected abstract settle(): void;

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  getRootHash(): number {
    return this.getNode('');
  }

  getNode(path: string): number {
    const kept = this.#keptNode(path);
    return kept < 0 ? this.#sumsUnder(path, 0)[0][1] : this.#hashOf(kept);
  }

  children(path: string): ChildHash[] {
    const kept = this.#keptNode(path);
    if (kept < 0 || path.length === this.#depth) return this.#sumsUnder(path, 1);
    const found: ChildHash[] = [];
    for (let digit = 0; digit < 16; digit++) {
      const child = kept * 16 + 1 + digit;
      if (this.#wordOf(child, 0) > 0) found.push([digit, this.#hashOf(child)]);
    }
    return found;
  }

  getBuckets(path: string): Record<string, number> {
    return Object.fromEntries(this.children(path).map(([digit, hash]) => [digit.toString(16), hash]));
  }

  countUnder(path: string): number {
    const kept = this.#keptNode(path);
    return kept < 0 ? this.#placedUnder(path).length : this.#wordOf(kept, 0);
  }

  getKeysInBucket(path: string): string[] {
    this.#keptNode(path);
    return this.#placedUnder(path).map((placed) => placed.key);
  }

  items(path: string): ItemHash[] {
    return this.getKeysInBucket(path).map((key) => [key, this.get(key) as number]);
  }

  /** Flips an item in (`count` 1) or out (-1); a change of its digest is both, one after the other. */
  protected toggle(key: string, digestHi: number, digestLo: number, count: 1 | -1): void {
    this.#nodes ??= new Int32Array((this.#leavesFrom * 16 + 1) * NODE_WORDS);
    const nodes = this.#nodes;
    let place = this.#placeOf(key);
    // A custom `hashKey` leaves anything in the lanes.
    if (this.#hashKey !== undefined) hashLanes(key);
    mixLanes(digestHi, digestLo);
    const hi = (lanes[0] as number) >>> 6;
    const lo = (lanes[1] as number) >>> 5;
    place >>>= PLACE_BITS - 4 * this.#depth;
    for (let node = this.#leavesFrom + place; node >= 0; node = (node - 1) >> 4) {
      const at = node * NODE_WORDS;
      nodes[at] = (nodes[at] as number) + count;
      nodes[at + 1] = (nodes[at + 1] as number) ^ hi;
      nodes[at + 2] = (nodes[at + 2] as number) ^ lo;
    }
  }

  /** To be called when a key came or went. */
  protected keysChanged(): void {
    this.#placed = undefined;
  }

  /** Forgets everything. */
  protected reset(): void {
    this.#nodes = undefined;
    this.#placed = undefined;
  }

  #wordOf(node: number, word: number): number {
    return this.#nodes?.[node * NODE_WORDS + word] ?? 0;
  }

  #hashOf(node: number): number {
    return joinHash(this.#wordOf(node, 1), this.#wordOf(node, 2));
  }

  // The number of a node that is kept in the array, or -1 for one below; after this, everything written is hashed.
  #keptNode(path: string): number {
    if (!/^[0-9a-f]{0,6}$/.test(path)) {
      throw coreError('MERKLE_INVALID', `Invalid Merkle path: ${String(path).slice(0, 40)}`);
    }
    this.settle();
    return path.length > this.#depth ? -1 : firstOfLevel(path.length) + pathNumber(path);
  }

  // The hash of a node below the kept ones (`levels` 0), or those of its children (1).
  #sumsUnder(path: string, levels: 0): [ChildHash];
  #sumsUnder(path: string, levels: 0 | 1): ChildHash[];
  #sumsUnder(path: string, levels: 0 | 1): ChildHash[] {
    const sums = new Map<number, number>(levels === 0 ? [[0, 0]] : []);
    for (const { key, place } of this.#placedUnder(path)) {
      const digit = levels * ((place >>> (PLACE_BITS - 4 - 4 * path.length)) & 15);
      const digest = this.get(key) as number;
      hashLanes(key);
      mixLanes(hashHi(digest), hashLo(digest));
      sums.set(digit, xorHash(sums.get(digit) ?? 0, lanesToHash()));
    }
    // Keys come in order of places, hence of digits.
    return [...sums];
  }

  #placedUnder(path: string): Placed[] {
    this.#placed ??= Array.from(this.itemKeys(), (key) => ({ key, place: this.#placeOf(key) })).sort(byPlace);
    const spread = 2 ** (PLACE_BITS - 4 * path.length);
    const first = pathNumber(path) * spread;
    return this.#placed.slice(firstFrom(this.#placed, first), firstFrom(this.#placed, first + spread));
  }

  #placeOf(key: string): number {
    if (this.#hashKey !== undefined) return hashHi(this.#hashKey(key));
    hashLanes(key);
    return (lanes[0] as number) >>> 6;
  }
}

interface Placed {
  readonly key: string;
  readonly place: number;
}

function byPlace(a: Placed, b: Placed): number {
  return a.place - b.place;
}

function firstFrom(sorted: readonly Placed[], place: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as Placed).place < place) low = middle + 1;
    else high = middle;
  }
  return low;
}

// Nodes are numbered level by level: 1 + 16 + 256 + … of them lie above a level.
function firstOfLevel(level: number): number {
  return (16 ** level - 1) / 15;
}

function pathNumber(path: string): number {
  return Number.parseInt(`0${path}`, 16);
}
