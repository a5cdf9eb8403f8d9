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
import type { ReplicaMap } from './ReplicaMap.js';
import { type BaseRow, itemOf, rowFromBulk } from './rows.js';
import { Touched } from './Touched.js';

type Unasked<M> = Omit<M, 'req' | 'map'>;

/**
 * One Merkle walk (RES-5): down where hashes differ, item digests before rows. A node is asked for together with the hashes
 * of its children, and the answer speaks of those that differ; so a request goes two levels. What is found is collected,
 * and changes base in one step when nothing is left to ask. The server is right: what it does not have leaves.
 */
export class Walk {
  readonly #map: ReplicaMap;
  #nodes: (readonly [pid: number, path: string])[] = [];
  #digests: (readonly [pid: number, path: string, digest: number])[] = [];
  readonly #swap = new Map<string, BaseRow | undefined>();
  readonly touched = new Touched();

  /** `roots`: the hashes of all partitions at the server. */
  constructor(map: ReplicaMap, roots: Uint8Array) {
    this.#map = map;
    const tree = map.tree();
    unpackHashes(roots).forEach((hash, pid) => {
      if (hash !== shortHash(tree.partitionRoot(pid))) this.#nodes.push([pid, '']);
    });
  }

  /** What to ask next; undefined when the walk is over. */
  next(): Unasked<MerkleReqMessage> | Unasked<RowsReqMessage> | undefined {
    if (this.#nodes.length > 0) {
      const nodes = this.#nodes.slice(0, LIMITS.merkleNodesPerRequest).map(([pid, path]) => {
        const hashes = this.#childHashes(pid, path);
        return [pid, path, this.#map.tree().nodeHash(pid, path) === 0 ? null : packHashes(hashes)] as const;
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
    const tree = this.#map.tree();
    for (const part of message.parts) {
      const [pid, path] = part;
      const own = tree.items(pid, path);
      if (part[2] === 2) {
        for (const [item] of own) this.#swap.set(item, undefined);
        for (const row of part[3]) this.#collect(rowFromBulk(row, message));
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
    for (const row of message.rows) this.#collect(rowFromBulk(row, message));
  }

  /** Changes base to what was found, but for what is newer. */
  swap(): void {
    for (const [item, row] of this.#swap) if (!this.touched.has(item, row)) this.#map.put(item, row);
  }

  #collect(row: BaseRow): void {
    this.#swap.set(itemOf(row), row);
  }

  #childHashes(pid: number, path: string): readonly number[] {
    const hashes = new Array<number>(16).fill(0);
    for (const [digit, hash] of this.#map.tree().children(pid, path)) hashes[digit] = hash;
    return hashes;
  }
}
