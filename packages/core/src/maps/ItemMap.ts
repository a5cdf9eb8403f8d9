import { compareVersions, isExpired } from '../clock/versions.js';
import type { HLC } from '../HLC.js';
import type { ChildHash, ItemHash, MerkleReader } from '../merkle/DigestTrie.js';
import { type Item, REMOVAL_TIME } from './Item.js';
import { LazyTree } from './LazyTree.js';
import { Listeners } from './Listeners.js';
import type { ReplicatedMap, ReplicatedRow } from './ReplicatedMap.js';

/** An item that entered a map, and the one whose place it took; one of them may be missing. */
export type ItemChange<I extends Item> = readonly [item: I | undefined, known: I | undefined];

/**
 * What both kinds of maps are made of: a table of items, the one rule that the greater version stays (CLK-1), a tree
 * over the items, and listeners. A kind adds how its items are named, made and shown.
 */
export abstract class ItemMap<V, I extends Item, C> implements ReplicatedMap {
  abstract readonly kind: 'LWW' | 'OR';
  protected readonly hlc: HLC;
  /** All items by name, deleted ones included. */
  protected readonly items = new Map<string, I>();
  readonly #tree = new LazyTree(this.items);
  readonly #listeners = new Listeners<readonly C[]>();
  readonly #nodes: string[] = new Array(16).fill('');
  #present = 0;
  #mortal = 0;

  constructor(hlc: HLC) {
    this.hlc = hlc;
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
    return Array.from(items, (name) => this.items.get(name)).filter((item) => item !== undefined);
  }

  mergeRows(rows: Iterable<ReplicatedRow>): number {
    return this.mergeItems(Array.from(rows, (row) => this.itemOf(row)));
  }

  /** Takes in items of other replicas. */
  protected mergeItems(items: readonly I[]): number {
    this.#accept(items);
    return this.takeAll(items);
  }

  /** Takes in items that are newer than what is known; returns how many. Listeners hear once. */
  protected takeAll(items: readonly I[]): number {
    const changes: ItemChange<I>[] | undefined = this.#listeners.active ? [] : undefined;
    let taken = 0;
    for (const item of items) {
      const known = this.items.get(item.name);
      if (known !== undefined && compareVersions(item, known) <= 0) continue;
      this.swap(item, known);
      changes?.push([item, known]);
      taken++;
    }
    if (changes !== undefined && taken > 0) this.#listeners.emit(this.changesOf(changes));
    return taken;
  }

  /** Puts one item that is known to be newer. */
  protected write(item: I, known: I | undefined): void {
    this.swap(item, known);
    if (this.#listeners.active) this.#listeners.emit(this.changesOf([[item, known]]));
  }

  /** Forgets deleted items that meet a test, as if they had never been. */
  protected forget(test: (item: I) => boolean): I[] {
    const found = [...this.items.values()].filter((item) => item.value === undefined && test(item));
    for (const item of found) this.swap(undefined, item);
    return found;
  }

  /** Forgets everything, deletions included, and leaves none. Listeners hear of each present item. */
  clear(): void {
    const changes = Array.from(this.presentItems(), (item): ItemChange<I> => [undefined, item]);
    for (const item of this.items.values()) this.swap(undefined, item);
    if (changes.length > 0) this.#listeners.emit(this.changesOf(changes));
  }

  protected *presentItems(): IterableIterator<I> {
    for (const item of this.items.values()) if (this.shown(item) !== undefined) yield item;
  }

  /** Present items; O(1), or O(n) while an item with a time to live is held. */
  protected countPresent(): number {
    return this.#mortal === 0 ? this.#present : [...this.presentItems()].length;
  }

  /** The value of an item; undefined when it is deleted or expired. Only values of type V enter the map. */
  protected shown(item: I): V | undefined {
    const { value, ttlMs } = item;
    if (ttlMs !== 0 && isExpired(item.t, ttlMs, this.hlc.clock.wallMs())) return undefined;
    return value as V | undefined;
  }

  // Decoders make a new string for every node id they read; of the last writers one string each is kept. There is no
  // branch that is seldom taken, at which engines would throw away the compiled code of a whole batch.
  protected intern(node: string): string {
    const at = node.charCodeAt(node.length - 1) & 15;
    const known = this.#nodes[at];
    this.#nodes[at] = known === node ? known : node;
    return this.#nodes[at];
  }

  /** Puts an item in the place of another; either may be missing. */
  protected swap(item: I | undefined, known: I | undefined): void {
    if (item !== undefined) {
      this.items.set(item.name, item);
      this.#count(item, 1);
    } else if (known !== undefined) this.items.delete(known.name);
    if (known !== undefined) this.#count(known, -1);
    this.#tree.swap(item, known);
  }

  #count(item: I, by: 1 | -1): void {
    if (item.value === undefined) return;
    this.#present += by;
    if (item.ttlMs !== 0) this.#mortal += by;
  }

  // The clock follows the greatest stamp, so one look at the wall settles the usual batch. In strict mode a stamp too far
  // ahead throws before anything is taken in; otherwise the clock follows those that are not.
  #accept(items: readonly I[]): void {
    let greatest = 0;
    for (const { t } of items) if (t > greatest && t !== REMOVAL_TIME) greatest = t;
    if (this.hlc.updatePacked(greatest)) return;
    for (const { t } of items) if (t !== REMOVAL_TIME) this.hlc.updatePacked(t);
  }
}
