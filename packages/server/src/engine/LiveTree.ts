import { PartitionedTree } from '@topgun/core';
import type { Row, Slot } from './Row.js';
import { digestOf, readableOf } from './Row.js';

/** What of a row's value is seen; undefined when the row is not. */
export type Projection = (value: unknown, row: Row) => unknown;

const SEE_ALL: Projection = (value) => value;

/**
 * The live digests of one map as one view or query sees it (DAT-5): present rows only, expired ones included until they are
 * deleted. Writes only note the row; hashing waits until somebody asks, or until `dirtyMax` rows are due, so that no
 * answer has to catch up on more than that. Of the rows of one item only the one that stands is hashed.
 */
export class LiveTree {
  readonly #tree = new PartitionedTree();
  #dirty: Row[] = [];
  readonly #project: Projection;
  readonly #dirtyMax: number;

  constructor(dirtyMax: number, project: Projection = SEE_ALL) {
    this.#dirtyMax = dirtyMax;
    this.#project = project;
  }

  /** Notes the committed row of an item. */
  touch(row: Row): void {
    this.#dirty.push(row);
    if (this.#dirty.length >= this.#dirtyMax) this.read();
  }

  /** The tree, up to date. Not to be written to. */
  read(): PartitionedTree {
    if (this.#dirty.length === 0) return this.#tree;
    const rows = this.#dirty;
    this.#dirty = [];
    const settled = new Set<Slot>();
    for (const { slot, pid, item } of rows) {
      if (slot !== undefined && settled.has(slot)) continue;
      if (slot !== undefined) settled.add(slot);
      // What stands now, whoever noted it: a query hears only of the changes that may concern it.
      if (slot?.committed !== undefined) this.#settle(slot.committed);
      else this.#tree.remove(pid, item);
    }
    return this.#tree;
  }

  #settle(row: Row): void {
    const readable = readableOf(row);
    const seen = readable === undefined ? undefined : this.#project(readable, row);
    if (seen === undefined) this.#tree.remove(row.pid, row.item);
    // Nothing masks a counter, so its two totals are what is hashed.
    else this.#tree.update(row.pid, row.item, digestOf(row, row.kind === 'PN' ? row.value : seen));
  }
}
