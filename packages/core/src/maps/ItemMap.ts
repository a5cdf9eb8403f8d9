import { type Timestamp, timestampOf } from '../clock/Timestamp.js';
import { compareVersions, isExpired } from '../clock/versions.js';
import type { HLC } from '../HLC.js';
import type { ChildHash, ItemHash, MerkleReader } from '../merkle/DigestTrie.js';
import type { Item } from './Item.js';
import type { ItemTable } from './ItemTable.js';
import { LazyTree } from './LazyTree.js';
import { Listeners } from './Listeners.js';
import type { ReplicatedMap, ReplicatedRow } from './ReplicatedMap.js';

/** An item that entered a map, and the one whose place it took. */
export type ItemChange<I extends Item> = readonly [item: I, known: I | undefined];

/**
 * What both kinds of maps are made of: a table of items, the one rule that the greater version stays (CLK-1), a tree
 * over the items, and listeners. A kind adds how its items are named, made and shown.
 */
export abstract class ItemMap<V, I extends Item, C> implements ReplicatedMap {
  abstract readonly kind: 'LWW' | 'OR';
  protected readonly hlc: HLC;
  readonly #table: ItemTable<I>;
  readonly #tree: LazyTree<I>;
  readonly #listeners = new Listeners<readonly C[]>();
  // Decoders make a new string for every node id they read; one shared string per node is enough.
  readonly #nodes = new Map<string, string>();

  constructor(hlc: HLC, table: ItemTable<I>) {
    this.hlc = hlc;
    this.#table = table;
    this.#tree = new LazyTree(table);
  }

  /** The item of a row. Throws when the row is not well-formed. */
  protected abstract itemOf(row: ReplicatedRow): I;
  protected abstract changesOf(changes: readonly ItemChange<I>[]): C[];

  /** Calls back once per call or merged batch with what changed. The function returned ends it. */
  onChange(callback: (changes: readonly C[]) => void): () => void {
    return this.#listeners.add(callback);
  }

  /** The Merkle tree over all items, deleted ones included. It is a live view. */
  getMerkleTree(): MerkleReader {
    return this.#tree;
  }

  rootHash(): number {
    return this.#tree.getRootHash();
  }

  children(path: string): ChildHash[] {
    return this.#tree.children(path);
  }

  itemsOf(path: string): ItemHash[] {
    return this.#tree.items(path);
  }

  rowsOf(items: Iterable<string>): ReplicatedRow[] {
    const found = Array.from(items, (name) => this.#table.find(name));
    return found.filter((item) => item !== undefined).map(rowOf);
  }

  mergeRows(rows: Iterable<ReplicatedRow>): number {
    const items = Array.from(rows, (row) => this.itemOf(row));
    let greatest = 0;
    for (const { t, value } of items) if (t > greatest && value !== undefined) greatest = t;
    return this.takeAll(items);
  }

  /** Takes in items that are newer than what is known; returns how many. */
  protected takeAll(items: readonly I[]): number {
    const changes: ItemChange<I>[] | undefined = this.#listeners.active ? [] : undefined;
    let taken = 0;
    for (const item of items) {
      const known = this.#table.known(item);
      if (known !== undefined && compareVersions(item, known) <= 0) continue;
      this.#table.put(item, known);
      this.#tree.swap(item, known);
      changes?.push([item, known]);
      taken++;
    }
    if (changes !== undefined && taken > 0) this.#listeners.emit(this.changesOf(changes));
    return taken;
  }
}
