import { xorHash } from '../hash/hashString.js';
import { MerkleTree } from '../MerkleTree.js';
import { PARTITION_COUNT } from '../partition/partitionOf.js';
import type { ChildHash, ItemHash } from './DigestTrie.js';

/** A partition and the hash of what it holds. */
export type PartitionRoot = readonly [pid: number, hash: number];

// One kept level: 370 items per partition at 100k keys make 23 per leaf, and deeper nodes are computed on demand.
const DEPTH = 1;

/**
 * The digest tree of one replicated map in sync: the 271 partitions, and below each a Merkle tree made when it gets its
 * first item. Item keys are opaque; the caller says which partition they belong to, since an OR element
 * (`rowKey(key, tag)`) lies in the partition of its key.
 */
export class PartitionedTree {
  readonly #trees: (MerkleTree | undefined)[] = new Array(PARTITION_COUNT).fill(undefined);
  #size = 0;
  /** the hashes of all partitions together: replicas that agree ask for nothing else, and should not have to look at each for it */
  #root = 0;

  /** Items in all partitions. */
  get size(): number {
    return this.#size;
  }

  /** Puts an item or replaces its digest. */
  update(pid: number, itemKey: string, digest: number): void {
    let tree = this.#trees[pid];
    if (tree === undefined) {
      tree = new MerkleTree({ depth: DEPTH });
      this.#trees[pid] = tree;
    }
    const { size } = tree;
    const before = tree.getRootHash();
    tree.update(itemKey, digest);
    this.#size += tree.size - size;
    this.#turn(before, tree);
  }

  /** Takes an item out; false when it was not there. */
  remove(pid: number, itemKey: string): boolean {
    const tree = this.#trees[pid];
    if (tree === undefined) return false;
    const before = tree.getRootHash();
    if (!tree.remove(itemKey)) return false;
    this.#size--;
    this.#turn(before, tree);
    if (tree.size === 0) this.#trees[pid] = undefined;
    return true;
  }

  clear(): void {
    this.#trees.fill(undefined);
    this.#size = 0;
    this.#root = 0;
  }

  /** The hash of the whole map; 0 when empty. */
  rootHash(): number {
    return this.#root;
  }

  /** The hash of one partition; 0 when it holds nothing. */
  partitionRoot(pid: number): number {
    return this.#trees[pid]?.getRootHash() ?? 0;
  }

  /** The partitions that hold something, in order, with their hashes. */
  partitionRoots(): PartitionRoot[] {
    return this.#trees.flatMap((tree, pid) =>
      tree === undefined ? [] : [[pid, tree.getRootHash()] as const],
    );
  }

  /** The tree of a partition; undefined when it holds nothing. */
  tree(pid: number): MerkleTree | undefined {
    return this.#trees[pid];
  }

  /** The hash under a path within a partition; 0 when nothing is there. */
  nodeHash(pid: number, path: string): number {
    return this.#trees[pid]?.getNode(path) ?? 0;
  }

  /** The non-empty children of a path within a partition. */
  children(pid: number, path: string): ChildHash[] {
    return this.#trees[pid]?.children(path) ?? [];
  }

  /** The items under a path within a partition. */
  items(pid: number, path: string): ItemHash[] {
    return this.#trees[pid]?.items(path) ?? [];
  }

  /** How many items lie under a path within a partition. */
  countUnder(pid: number, path: string): number {
    return this.#trees[pid]?.countUnder(path) ?? 0;
  }

  /** The digest of an item. */
  digestOf(pid: number, itemKey: string): number | undefined {
    return this.#trees[pid]?.get(itemKey);
  }

  /** The hash of a partition was `before` and is another one now. */
  #turn(before: number, tree: MerkleTree): void {
    this.#root = xorHash(this.#root, xorHash(before, tree.getRootHash()));
  }
}
