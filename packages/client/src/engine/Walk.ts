import type { PartitionedTree } from '@topgun/core';
import {
  type MerkleReqMessage,
  type MerkleRespMessage,
  packHashes,
  type RowsReqMessage,
  type RowsRespMessage,
  shortHash,
  unpackHashes,
} from '@topgun/protocol';
import * as LIMITS from '@topgun/protocol/limits';
import { type BaseRow, itemOf, rowFromBulk } from './rows.js';
import { Touched } from './Touched.js';

type Unasked<M> = Omit<M, 'req' | 'map'>;

/**
 * One Merkle walk (RES-5): down where hashes differ, item digests before rows. A node is asked for together with the hashes
 * of its children, and the answer speaks of those that differ; so a request goes two levels. What is found is collected,
 * and changes base in one step when nothing is left to ask. The server is right: what it does not have leaves.
 */
export class Walk {
  readonly #tree: () => PartitionedTree;
  #nodes: (readonly [pid: number, path: string])[] = [];
  #digests: (readonly [pid: number, path: string, digest: number])[] = [];
  readonly #swap = new Map<string, BaseRow | undefined>();
  readonly touched = new Touched();

  /**
   * `treeOf`: what the device has. `roots`: the hashes of all partitions at the server; without them all rows that the server has are to be
   * taken, and nothing is asked for.
   */
  constructor(treeOf: () => PartitionedTree, roots: Uint8Array | undefined) {
    this.#tree = treeOf;
    const tree = treeOf();
    if (!roots) this.#replaceAll(tree);
    else
      unpackHashes(roots).forEach((hash, pid) => {
        if (hash !== shortHash(tree.partitionRoot(pid))) this.#nodes.push([pid, '']);
      });
  }

  /** What to ask next; undefined when the walk is over. */
  next(): Unasked<MerkleReqMessage> | Unasked<RowsReqMessage> | undefined {
    if (this.#nodes.length > 0) {
      const nodes = this.#nodes.slice(0, LIMITS.merkleNodesPerRequest).map(([pid, path]) => {
        const hashes = this.#childHashes(pid, path);
        return [pid, path, this.#tree().nodeHash(pid, path) === 0 ? null : packHashes(hashes)] as const;
      });
      return { type: 'MERKLE_REQ', nodes };
    }
    if (this.#digests.length === 0) return undefined;
    const items: [pid: number, path: string, digests: number[]][] = [];
    for (const [pid, path, digest] of this.#digests.slice(0, LIMITS.itemsPerRequest)) {
      const last = items.at(-1);
      if (last?.[0] === pid && last[1] === path) last[2].push(digest);
      else items.push([pid, path, [digest]]);
    }
    return {
      type: 'ROWS_REQ',
      items: items.map(([pid, path, digests]) => [pid, path, packHashes(digests)] as const),
    };
  }

  merkle(message: MerkleRespMessage): void {
    this.#nodes.splice(0, message.done);
    const tree = this.#tree();
    for (const part of message.parts) {
      const [pid, path] = part;
      const own = tree.items(pid, path);
      if (part[2] === 2) {
        for (const [item] of own) this.#swap.set(item, undefined);
        for (const row of part[3]) this.take(rowFromBulk(row, message));
        continue;
      }
      const theirs = unpackHashes(part[3]);
      if (part[2] === 0) {
        const hashes = this.#childHashes(pid, path);
        theirs.forEach((hash, digit) => {
          if (hash !== shortHash(hashes[digit] ?? 0)) this.#nodes.push([pid, path + digit.toString(16)]);
        });
      } else {
        const known = new Set(own.map(([, digest]) => shortHash(digest)));
        const listed = new Set(theirs);
        for (const digest of theirs) if (!known.has(digest)) this.#digests.push([pid, path, digest]);
        for (const [item, digest] of own) if (!listed.has(shortHash(digest))) this.#swap.set(item, undefined);
      }
    }
  }

  rows(message: RowsRespMessage): void {
    this.#digests.splice(0, message.done);
    for (const row of message.rows) this.take(rowFromBulk(row, message));
  }

  /** A row of the server. */
  take(row: BaseRow): void {
    this.#swap.set(itemOf(row), row);
  }

  /** Puts what was found, but for what is newer; without a row what is to leave. */
  swap(put: (item: string, row: BaseRow | undefined) => void): void {
    for (const [item, row] of this.#swap) if (!this.touched.has(item, row)) put(item, row);
  }

  #replaceAll(tree: PartitionedTree): void {
    for (const [pid] of tree.partitionRoots())
      for (const [item] of tree.items(pid, '')) this.#swap.set(item, undefined);
  }

  #childHashes(pid: number, path: string): readonly number[] {
    const hashes = new Array<number>(16).fill(0);
    for (const [digit, hash] of this.#tree().children(pid, path)) hashes[digit] = hash;
    return hashes;
  }
}
