import { coreError } from '../errors.js';
import { hashHi, hashLanes, hashLo, joinHash, lanes, mixLanes } from '../hash/hashString.js';

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
  /** The keys under a path. The first call indexes all keys by leaf, in O(n). */
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

/**
 * A prefix trie over the hash of the key, 16 children per node, whose nodes carry the xor of the items under them.
 *
 * The xor makes a write O(depth): it flips the item's old hash out and the new one in, along one path, in one typed array.
 * It also makes a node's hash independent of the order of writes, of the depth, and of anything removed again, so an
 * emptied tree equals a fresh one. Each item enters as a well-mixed hash of key and digest; a bare xor of digests would
 * not see two keys that swap theirs. Below the kept levels a node is computed from its leaf, so paths of up to 6 digits
 * work in every tree.
 *
 * Where the items live is left to the subclass: this class keeps hashes only, and indexes keys by leaf once somebody asks
 * for keys. Not for adversaries: who can choose values freely can find colliding 53-bit hashes.
 */
export abstract class DigestTrie implements MerkleReader {
  readonly #depth: number;
  readonly #hashKey: ((key: string) => number) | undefined;
  readonly #leavesFrom: number;
  #nodes: Int32Array | undefined;
  #keysByLeaf: Map<number, string[]> | undefined;

  constructor(options: DigestTrieOptions = {}) {
    const depth = options.depth ?? 3;
    if (!Number.isInteger(depth) || depth < 0 || depth > DEPTH_MAX) {
      throw coreError('MERKLE_INVALID', `The depth of a tree is a whole number from 0 to ${DEPTH_MAX}, not ${depth}.`);
    }
    this.#depth = depth;
    this.#hashKey = options.hashKey;
    this.#leavesFrom = firstOfLevel(depth);
  }

  abstract readonly size: number;
  abstract get(key: string): number | undefined;
  protected abstract itemKeys(): Iterable<string>;

  /** Called before anything is read; a subclass that hashes lazily catches up here. */
  protected settle(): void {}

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  getRootHash(): number {
    return this.getNode('');
  }

  getNode(path: string): number {
    this.settle();
    const kept = this.#keptNode(path);
    if (kept >= 0) return this.#hashOf(kept);
    return this.#sumUnder(path, path.length)[0]?.[1] ?? 0;
  }

  children(path: string): ChildHash[] {
    this.settle();
    const kept = this.#keptNode(path);
    if (kept < 0 || path.length === this.#depth) return this.#sumUnder(path, path.length + 1);
    const found: ChildHash[] = [];
    const first = kept * 16 + 1;
    for (let digit = 0; digit < 16; digit++) {
      if (this.#countOf(first + digit) > 0) found.push([digit, this.#hashOf(first + digit)]);
    }
    return found;
  }

  getBuckets(path: string): Record<string, number> {
    const buckets: Record<string, number> = {};
    for (const [digit, hash] of this.children(path)) buckets[digit.toString(16)] = hash;
    return buckets;
  }

  countUnder(path: string): number {
    this.settle();
    const kept = this.#keptNode(path);
    return kept >= 0 ? this.#countOf(kept) : this.#keysUnder(path).length;
  }

  getKeysInBucket(path: string): string[] {
    this.settle();
    return this.#keysUnder(path);
  }

  items(path: string): ItemHash[] {
    return this.getKeysInBucket(path).map((key) => [key, this.get(key) as number]);
  }

  /** Flips an item in (`count` 1), out (-1), or both halves of a change one after the other. */
  protected toggle(key: string, digestHi: number, digestLo: number, count: 1 | -1): void {
    this.#nodes ??= new Int32Array(firstOfLevel(this.#depth + 1) * NODE_WORDS);
    const nodes = this.#nodes;
    hashLanes(key);
    const place = this.#hashKey === undefined ? (lanes[0] as number) >>> 6 : placeOf(this.#hashKey(key));
    // A custom `hashKey` may have used the lanes.
    if (this.#hashKey !== undefined) hashLanes(key);
    mixLanes(digestHi, digestLo);
    const hi = (lanes[0] as number) >>> 6;
    const lo = (lanes[1] as number) >>> 5;
    const leaf = this.#leavesFrom + (place >>> (26 - 4 * this.#depth));
    for (let node = leaf; ; node = (node - 1) >> 4) {
      const at = node * NODE_WORDS;
      nodes[at] = (nodes[at] as number) + count;
      nodes[at + 1] = (nodes[at + 1] as number) ^ hi;
      nodes[at + 2] = (nodes[at + 2] as number) ^ lo;
      if (node === 0) break;
    }
    if (this.#keysByLeaf !== undefined) this.#indexKey(leaf, key, count);
  }

  /** Forgets everything. */
  protected reset(): void {
    this.#nodes = undefined;
    this.#keysByLeaf = undefined;
  }

  #countOf(node: number): number {
    return this.#nodes?.[node * NODE_WORDS] ?? 0;
  }

  #hashOf(node: number): number {
    const at = node * NODE_WORDS;
    return this.#nodes === undefined ? 0 : joinHash(this.#nodes[at + 1] as number, this.#nodes[at + 2] as number);
  }

  // The index of a node that is kept in the array, or -1 for one below the leaves.
  #keptNode(path: string): number {
    if (path.length > PATH_DIGITS_MAX || !/^[0-9a-f]*$/.test(path)) {
      throw coreError('MERKLE_INVALID', `Invalid Merkle path: ${JSON.stringify(path.slice(0, 40))}`);
    }
    if (path.length > this.#depth) return -1;
    return path === '' ? 0 : firstOfLevel(path.length) + Number.parseInt(path, 16);
  }

  // Hashes of the nodes at `level` under a path that lies at or below the leaves.
  #sumUnder(path: string, level: number): ChildHash[] {
    const sums = new Map<number, number>();
    for (const key of this.#keysUnder(path)) {
      const digit = level === 0 ? 0 : digitAt(this.#placeOfKey(key), level - 1);
      const digest = this.get(key) as number;
      hashLanes(key);
      mixLanes(hashHi(digest), hashLo(digest));
      const hi = (lanes[0] as number) >>> 6;
      const lo = (lanes[1] as number) >>> 5;
      const sum = sums.get(digit) ?? 0;
      sums.set(digit, joinHash(hashHi(sum) ^ hi, hashLo(sum) ^ lo));
    }
    return [...sums].sort((a, b) => a[0] - b[0]);
  }

  #keysUnder(path: string): string[] {
    this.#keysByLeaf ??= this.#indexAll();
    const prefix = path === '' ? 0 : Number.parseInt(path, 16);
    const keptDigits = Math.min(path.length, this.#depth);
    const spread = 16 ** (this.#depth - keptDigits);
    const first = this.#leavesFrom + (prefix >> (4 * (path.length - keptDigits))) * spread;
    const keys: string[] = [];
    for (let leaf = first; leaf < first + spread; leaf++) {
      for (const key of this.#keysByLeaf.get(leaf) ?? []) {
        if (keptDigits === path.length || this.#placeOfKey(key) >>> (26 - 4 * path.length) === prefix) keys.push(key);
      }
    }
    return keys;
  }

  #indexAll(): Map<number, string[]> {
    this.#keysByLeaf = new Map();
    for (const key of this.itemKeys()) {
      this.#indexKey(this.#leavesFrom + (this.#placeOfKey(key) >>> (26 - 4 * this.#depth)), key, 1);
    }
    return this.#keysByLeaf;
  }

  #indexKey(leaf: number, key: string, count: 1 | -1): void {
    const index = this.#keysByLeaf as Map<number, string[]>;
    const keys = index.get(leaf);
    if (count === 1) {
      if (keys === undefined) index.set(leaf, [key]);
      else keys.push(key);
      return;
    }
    const at = keys?.indexOf(key) ?? -1;
    if (keys === undefined || at < 0) return;
    // Order within a leaf means nothing, so the last key takes the free place.
    const last = keys.pop() as string;
    if (at < keys.length) keys[at] = last;
    else if (keys.length === 0) index.delete(leaf);
  }

  #placeOfKey(key: string): number {
    if (this.#hashKey !== undefined) return placeOf(this.#hashKey(key));
    hashLanes(key);
    return (lanes[0] as number) >>> 6;
  }
}

// Nodes are numbered level by level: 1 + 16 + 256 + … of them lie above a level.
function firstOfLevel(level: number): number {
  return (16 ** level - 1) / 15;
}

function placeOf(hash: number): number {
  return hashHi(hash) & 0x3ffffff;
}

function digitAt(place: number, level: number): number {
  return (place >>> (22 - 4 * level)) & 15;
}
