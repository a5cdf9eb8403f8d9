import { mapError } from './errors.js';
import { hashHi, hashLanes, hashLo, lanes } from './hash/hashString.js';
import { DigestTrie } from './merkle/DigestTrie.js';

/**
 * A Merkle tree that keeps its own items: key → 53-bit digest. Two trees with the same items have the same root hash, in
 * whatever order they were built; trees that differ are told apart by walking down the children that differ.
 *
 * ```ts
 * const tree = new MerkleTree();
 * tree.update('todo-1', itemDigest('todo-1', t, node, undefined, hashValue({ done: true })));
 * tree.getRootHash();       // a number; 0 when empty
 * tree.getBuckets('');      // { 'a': 51234…, … }
 * ```
 */
export class MerkleTree extends DigestTrie {
  /** by key: the place of its digest */
  readonly #places = new Map<string, number>();
  // In a column of their own, for as values of the map each change of one would cost an object.
  #digests: number[] = [];
  #free: number[] = [];

  get size(): number {
    return this.#places.size;
  }

  get(key: string): number | undefined {
    const place = this.#places.get(key);
    return place === undefined ? undefined : this.#digests[place];
  }

  /** Puts an item or replaces its digest; O(depth). Throws `MERKLE_INVALID` for a digest outside 0 … 2^53 - 1. */
  update(key: string, digest: number): void {
    if (!(Number.isSafeInteger(digest) && digest >= 0))
      throw mapError('MERKLE_INVALID', `Invalid digest: ${digest}`);
    hashLanes(key);
    const a = lanes[0] as number;
    const b = lanes[1] as number;
    const place = this.#places.get(key);
    if (place === undefined) {
      this.keysChanged();
      const made = this.#free.pop() ?? this.#digests.length;
      this.#places.set(key, made);
      this.#digests[made] = digest;
    } else {
      this.#flip(key, a, b, this.#digests[place] as number, -1);
      this.#digests[place] = digest;
    }
    this.#flip(key, a, b, digest, 1);
  }

  /** Takes an item out; false when it was not there. */
  remove(key: string): boolean {
    const place = this.#places.get(key);
    if (place === undefined) return false;
    this.#places.delete(key);
    this.#free.push(place);
    this.keysChanged();
    hashLanes(key);
    this.#flip(key, lanes[0] as number, lanes[1] as number, this.#digests[place] as number, -1);
    return true;
  }

  clear(): void {
    this.#places.clear();
    this.#digests = [];
    this.#free = [];
    this.reset();
  }

  protected settle(): void {
    // Every write is hashed at once.
  }

  protected keys(): Iterable<string> {
    return this.#places.keys();
  }

  /** `a` and `b`: the lanes of the key's hash. */
  #flip(key: string, a: number, b: number, digest: number, count: 1 | -1): void {
    this.toggle(key, a, b, hashHi(digest), hashLo(digest), count);
  }
}
