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
  readonly #digests = new Map<string, number>();

  get size(): number {
    return this.#digests.size;
  }

  get(key: string): number | undefined {
    return this.#digests.get(key);
  }

  /** Puts an item or replaces its digest; O(depth). Throws `MERKLE_INVALID` for a digest outside 0 … 2^53 - 1. */
  update(key: string, digest: number): void {
    if (!(Number.isSafeInteger(digest) && digest >= 0))
      throw mapError('MERKLE_INVALID', `Invalid digest: ${digest}`);
    const old = this.#digests.get(key);
    hashLanes(key);
    const a = lanes[0] as number;
    const b = lanes[1] as number;
    if (old === undefined) this.keysChanged();
    else this.toggle(key, a, b, hashHi(old), hashLo(old), -1);
    this.#digests.set(key, digest);
    this.toggle(key, a, b, hashHi(digest), hashLo(digest), 1);
  }

  /** Takes an item out; false when it was not there. */
  remove(key: string): boolean {
    const old = this.#digests.get(key);
    if (old === undefined) return false;
    this.#digests.delete(key);
    this.keysChanged();
    hashLanes(key);
    this.toggle(key, lanes[0] as number, lanes[1] as number, hashHi(old), hashLo(old), -1);
    return true;
  }

  clear(): void {
    this.#digests.clear();
    this.reset();
  }

  protected settle(): void {
    // Every write is hashed at once.
  }

  protected keys(): Iterable<string> {
    return this.#digests.keys();
  }
}
