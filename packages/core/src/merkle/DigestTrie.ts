import { mapError } from '../errors.js';
import { hashHi, hashLanes, hashLo, joinHash, lanes, mixLanes, setLanes } from '../hash/hashString.js';

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
  /** Levels kept ready below the root once one is read, from 0 to 4. Hashes do not depend on it, only their cost. Default 3. */
  readonly depth?: number;
  /** The 53-bit hash that places a key; a narrower one makes more keys meet in a leaf. Default `hashString`. */
  readonly hashKey?: (key: string) => number;
}

const DEPTH_MAX = 4;
// Of each node: how many items lie under it, then the xor of their hashes in 26 and 27 bits.
const NODE_WORDS = 3;
// Bits of a key's hash that place it: the high part of a 53-bit hash.
const PLACE_BITS = 26;

interface Placed {
  readonly key: string;
  readonly place: number;
}

/**
 * A prefix trie over the hash of the key, 16 children per node, whose nodes carry the xor of the items under them.
 *
 * The xor makes a write O(depth): it flips the item's old hash out and the new one in, along one path, in one typed array.
 * Until somebody reads below the root there is only the root, and a write is O(1).
 * It also makes a node's hash independent of the order of writes, of the depth, and of anything removed again, so an
 * emptied tree equals a fresh one. Each item enters as a well-mixed hash of key and digest; a bare xor of digests would
 * not see two keys that swap theirs. Below the kept levels a node is computed from its items, so paths of up to 6 digits
 * work in every tree.
 *
 * Where the items live is left to the subclass: this class keeps hashes only, and sorts the keys by place when somebody
 * asks for keys and they have changed since. Not for adversaries: who can choose values freely can find colliding 53-bit
 * hashes.
 */
export abstract class DigestTrie implements MerkleReader {
  readonly #depth: number;
  readonly #leavesFrom: number;
  readonly #hashKey: ((key: string) => number) | undefined;
  // The hash of everything. It is all that replicas which agree ever ask for, so the nodes below are made on demand.
  #hi = 0;
  #lo = 0;
  #nodes: Int32Array | undefined;
  #placed: Placed[] | undefined;

  constructor({ depth = 3, hashKey }: DigestTrieOptions = {}) {
    if (!(depth >= 0 && depth <= DEPTH_MAX && Number.isInteger(depth))) {
      throw mapError('MERKLE_INVALID', `Invalid Merkle depth: ${depth}`);
    }
    this.#depth = depth;
    this.#leavesFrom = firstOfLevel(depth);
    this.#hashKey = hashKey;
  }

  abstract readonly size: number;
  abstract get(key: string): number | undefined;
  protected abstract keys(): Iterable<string>;
  /** Called before anything is read; a subclass that hashes lazily catches up here. */
  protected abstract settle(): void;

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  getRootHash(): number {
    this.settle();
    return joinHash(this.#hi, this.#lo);
  }

  getNode(path: string): number {
    return this.#read(path)[1];
  }

  countUnder(path: string): number {
    return this.#read(path)[0];
  }

  children(path: string): ChildHash[] {
    const found: ChildHash[] = [];
    for (let digit = 0; digit < 16 && path.length !== PATH_DIGITS_MAX; digit++) {
      const [count, hash] = this.#read(path + digit.toString(16));
      if (count > 0) found.push([digit, hash]);
    }
    return found;
  }

  getBuckets(path: string): Record<string, number> {
    return Object.fromEntries(this.children(path).map(([digit, hash]) => [digit.toString(16), hash]));
  }

  getKeysInBucket(path: string): string[] {
    this.#read(path);
    return this.#keysUnder(path);
  }

  items(path: string): ItemHash[] {
    return this.getKeysInBucket(path).map((key) => [key, this.get(key) as number]);
  }

  /**
   * Flips an item in (`count` 1) or out (-1); a change of its digest is both, one after the other. `a` and `b` are the
   * lanes of its key's hash.
   */
  protected toggle(
    key: string,
    a: number,
    b: number,
    digestHi: number,
    digestLo: number,
    count: 1 | -1,
  ): void {
    const place = this.#contribute(key, a, b, digestHi, digestLo);
    this.#hi ^= (lanes[0] as number) >>> 6;
    this.#lo ^= (lanes[1] as number) >>> 5;
    if (this.#nodes !== undefined) this.#count(this.#nodes, place, count);
  }

  /** To be called when a key came or went. */
  protected keysChanged(): void {
    this.#placed = undefined;
  }

  /** Forgets everything. */
  protected reset(): void {
    this.#hi = 0;
    this.#lo = 0;
    this.#nodes = undefined;
    this.keysChanged();
  }

  // How many items lie under a path, and their hash.
  #read(path: string): [count: number, hash: number] {
    if (!/^[0-9a-f]{0,6}$/.test(path)) throw mapError('MERKLE_INVALID', `Invalid Merkle path: ${path}`);
    this.settle();
    if (path === '') return [this.size, this.getRootHash()];
    if (path.length <= this.#depth) {
      const at = (firstOfLevel(path.length) + pathNumber(path)) * NODE_WORDS;
      const [count = 0, hi = 0, lo = 0] = this.#kept().subarray(at, at + NODE_WORDS);
      return [count, joinHash(hi, lo)];
    }
    let hi = 0;
    let lo = 0;
    const keys = this.#keysUnder(path);
    for (const key of keys) {
      this.#contributionOf(key, this.get(key) as number);
      hi ^= (lanes[0] as number) >>> 6;
      lo ^= (lanes[1] as number) >>> 5;
    }
    return [keys.length, joinHash(hi, lo)];
  }

  #kept(): Int32Array {
    if (this.#nodes !== undefined) return this.#nodes;
    const nodes = new Int32Array((this.#leavesFrom * 16 + 1) * NODE_WORDS);
    for (const key of this.keys()) this.#count(nodes, this.#contributionOf(key, this.get(key) as number), 1);
    this.#nodes = nodes;
    return nodes;
  }

  // Adds what the lanes hold to the nodes above a place.
  #count(nodes: Int32Array, place: number, count: 1 | -1): void {
    const hi = (lanes[0] as number) >>> 6;
    const lo = (lanes[1] as number) >>> 5;
    let node = this.#leavesFrom + (place >>> (PLACE_BITS - 4 * this.#depth));
    for (; node > 0; node = (node - 1) >> 4) {
      const at = node * NODE_WORDS;
      nodes[at] = (nodes[at] as number) + count;
      nodes[at + 1] = (nodes[at + 1] as number) ^ hi;
      nodes[at + 2] = (nodes[at + 2] as number) ^ lo;
    }
  }

  // Sets the lanes to the item's part in the hash of its nodes; returns the key's place.
  #contribute(key: string, a: number, b: number, digestHi: number, digestLo: number): number {
    const place = this.#hashKey === undefined ? a >>> 6 : hashHi(this.#hashKey(key));
    setLanes(a, b);
    mixLanes(digestHi, digestLo);
    return place;
  }

  #contributionOf(key: string, digest: number): number {
    hashLanes(key);
    return this.#contribute(key, lanes[0] as number, lanes[1] as number, hashHi(digest), hashLo(digest));
  }

  #keysUnder(path: string): string[] {
    this.#placed ??= Array.from(this.keys(), (key) => ({ key, place: this.#contributionOf(key, 0) })).sort(
      (a, b) => a.place - b.place,
    );
    const spread = 2 ** (PLACE_BITS - 4 * path.length);
    const first = pathNumber(path) * spread;
    const found = this.#placed.slice(firstFrom(this.#placed, first), firstFrom(this.#placed, first + spread));
    return found.map(({ key }) => key);
  }
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
