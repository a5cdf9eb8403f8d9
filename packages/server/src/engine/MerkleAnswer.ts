import { PARTITION_COUNT, type PartitionedTree } from '@topgun/core';
import {
  type Hashes,
  MERKLE_FORM,
  type MerkleNode,
  type MerklePart,
  packHashes,
  shortHash,
  unpackHashes,
} from '@topgun/protocol';
import type { BulkWriter } from './BulkWriter.js';
import type { FrameBudget } from './FrameBudget.js';
import type { Row } from './Row.js';
import type { Shown } from './Shown.js';
import { bytesOfRow } from './sizeOf.js';

/** Hex digits a Merkle path has at most in core's trees. */
export const PATH_DIGITS_MAX = 6;
/** An answer with this many rows is enough for one frame. */
const ROWS_MAX = 4_000;
/** What a part costs beside its hashes or rows, at most. */
const PART_BYTES = 24;
const CHILDREN = 16;
const NO_HASHES: readonly number[] = new Array(CHILDREN).fill(0);

/** The hashes of all partitions. */
export const rootsOf = (tree: PartitionedTree): number[] =>
  Array.from({ length: PARTITION_COUNT }, (_, pid) => tree.partitionRoot(pid));

/** The hashes of the 16 children of a node, 0 where nothing is. */
export function childHashes(tree: PartitionedTree, pid: number, path: string): number[] {
  const hashes = [...NO_HASHES];
  for (const [digit, hash] of tree.children(pid, path)) hashes[digit] = hash;
  return hashes;
}

type Planned =
  | { readonly path: string; readonly bytes: number; readonly form: 0 | 1 }
  | { readonly path: string; readonly bytes: number; readonly rows: readonly Row[] };

/**
 * One answer to MERKLE_REQ. A node is asked for together with the device's hashes of its children, so the answer goes two
 * levels at once: it speaks of the children that differ, and lists their items as soon as they are few. Where the device
 * has nothing its rows come at once.
 */
export class MerkleAnswer {
  readonly parts: MerklePart[] = [];
  readonly #shown: Shown;
  readonly #tree: PartitionedTree;
  readonly #writer: BulkWriter;
  readonly #budget: FrameBudget;
  readonly #itemsMax: number;
  #rows = 0;

  constructor(
    shown: Shown,
    tree: PartitionedTree,
    writer: BulkWriter,
    budget: FrameBudget,
    itemsMax: number,
  ) {
    this.#shown = shown;
    this.#tree = tree;
    this.#writer = writer;
    this.#budget = budget;
    this.#itemsMax = itemsMax;
  }

  /** Answers a node as a whole; false when there is no room for it in this frame. The first one always has room. */
  node([pid, path, theirs]: MerkleNode): boolean {
    const planned = this.#plan(pid, path, theirs);
    if (planned === undefined) return false;
    let bytes = 0;
    for (const part of planned) bytes += part.bytes;
    if (!this.#budget.take(bytes)) return false;
    for (const part of planned) this.parts.push(this.#part(pid, part));
    return true;
  }

  #plan(pid: number, path: string, theirs: Hashes | null): Planned[] | undefined {
    const planned: Planned[] = [];
    let { left } = this.#budget;
    const add = (at: string, isBare: boolean): boolean => {
      const part = this.#planPath(pid, at, isBare, left);
      if (part === undefined) return false;
      left -= part.bytes;
      planned.push(part);
      return true;
    };
    if (theirs === null || path.length === PATH_DIGITS_MAX)
      return add(path, theirs === null) ? planned : undefined;
    const own = childHashes(this.#tree, pid, path);
    const isWhole = unpackHashes(theirs).every(
      (hash, digit) => shortHash(own[digit] as number) === hash || add(path + digit.toString(16), hash === 0),
    );
    return isWhole ? planned : undefined;
  }

  /** `isBare`: the device has nothing there. */
  #planPath(pid: number, path: string, isBare: boolean, left: number): Planned | undefined {
    const count = this.#tree.countUnder(pid, path);
    if (isBare && count > 0 && count <= ROWS_MAX) {
      if (count <= ROWS_MAX - this.#rows) {
        const rows = this.#rowsUnder(pid, path);
        let bytes = PART_BYTES;
        for (const row of rows) bytes += bytesOfRow(row, this.#shown.seen(row));
        if (bytes <= left) return { path, bytes, rows };
      }
      // They may well fit into a frame of their own.
      if (!this.#budget.isFresh) return undefined;
    }
    if (count > this.#itemsMax && path.length < PATH_DIGITS_MAX)
      return { path, form: MERKLE_FORM.CHILDREN, bytes: PART_BYTES + packedBytes(CHILDREN) };
    return { path, form: MERKLE_FORM.ITEMS, bytes: PART_BYTES + packedBytes(count) };
  }

  #part(pid: number, planned: Planned): MerklePart {
    const { path } = planned;
    if ('rows' in planned) {
      this.#rows += planned.rows.length;
      const rows = planned.rows.map((row) => this.#writer.row(row, this.#shown.seen(row)));
      return [pid, path, MERKLE_FORM.ROWS, rows];
    }
    const hashes =
      planned.form === MERKLE_FORM.CHILDREN
        ? childHashes(this.#tree, pid, path)
        : this.#tree.items(pid, path).map(([, digest]) => digest);
    return [pid, path, planned.form, packHashes(hashes)];
  }

  #rowsUnder(pid: number, path: string): Row[] {
    return this.#tree.items(pid, path).flatMap(([item]) => this.#shown.map.committed(item) ?? []);
  }
}

const packedBytes = (hashes: number): number => 6 * hashes;
