import { compareVersions, isExpired } from '../clock/versions.js';
import type { HLC } from '../HLC.js';
import type { ChildHash, ItemHash, MerkleReader } from '../merkle/DigestTrie.js';
import { type Item, identityOf, isGone, type NamedItem, timeOf, versionOf } from './Item.js';
import { LazyTree } from './LazyTree.js';
import { Listeners } from './Listeners.js';
import { assertItem, type ReplicatedMap, type ReplicatedRow } from './ReplicatedMap.js';

/** What an item's name stands for now, and what it stood for before; one of them may be missing. */
export interface ItemChange<I extends Item> {
  readonly name: string;
  readonly item: I | undefined;
  readonly known: I | undefined;
}

/**
 * What both kinds of maps are made of: a table of items, the one rule that the greater version stays (CLK-1), a tree
 * over the items, and listeners. A kind adds how its items are named, made and shown.
 */
export abstract class ItemMap<V, I extends Item, C> implements ReplicatedMap {
  readonly kind: 'LWW' | 'OR';
  protected readonly hlc: HLC;
  /** All items by name, deleted ones included. */
  protected readonly items = new Map<string, I>();
  readonly #tree: LazyTree;
  readonly #listeners = new Listeners<readonly C[]>();
  #present = 0;
  #mortal = 0;

  constructor(kind: 'LWW' | 'OR', hlc: HLC) {
    this.kind = kind;
    this.hlc = hlc;
    this.#tree = new LazyTree(kind, this.items);
  }

  /** The item of a row, which need not be well-formed. */
  protected abstract itemOf(row: ReplicatedRow): NamedItem<I>;
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

  rowsOf(names: Iterable<string>): ReplicatedRow[] {
    return Array.from(names).flatMap((name) => {
      const item = this.items.get(name);
      if (item === undefined) return [];
      const { key = name, tag } = identityOf(this.kind, item);
      // What is undefined here is absent there.
      return [{ key, tag, ...versionOf(item) } as ReplicatedRow];
    });
  }

  mergeRows(rows: Iterable<ReplicatedRow>): number {
    return this.mergeItems(Array.from(rows, (row) => this.itemOf(row)));
  }

  /**
   * Takes in items that are newer than what is known; returns how many. All are looked at before any is taken in, and
   * listeners hear once.
   *
   * The clock follows the greatest stamp, so one look at the wall settles the usual batch. In strict mode a stamp too far
   * ahead throws; otherwise the clock follows those that are not.
   */
  protected mergeItems(items: readonly NamedItem<I>[]): number {
    // Engines compile a callback after few calls, but a loop only while it runs: in the midst of the first large batch.
    let greatest = 0;
    items.forEach((entry) => {
      const t = this.#timeOf(entry[0], entry[1]);
      if (t > greatest) greatest = t;
    });
    if (!this.hlc.updatePacked(greatest)) {
      for (const [name, item] of items) this.hlc.updatePacked(this.#timeOf(name, item));
    }
    const changes: ItemChange<I>[] | undefined = this.#listeners.active ? [] : undefined;
    let taken = 0;
    items.forEach((entry) => {
      if (this.#take(entry[0], entry[1], changes)) taken++;
    });
    if (changes !== undefined && taken > 0) this.#listeners.emit(this.changesOf(changes));
    return taken;
  }

  /** Puts one item that is known to be newer. */
  protected write(name: string, item: I, known: I | undefined): void {
    this.swap(name, item, known);
    if (this.#listeners.active) this.#listeners.emit(this.changesOf([{ name, item, known }]));
  }

  /** Forgets deleted items that meet a test, as if they had never been. */
  protected forget(test: (item: I) => boolean): NamedItem<I>[] {
    const found = [...this.items].filter(([, item]) => isGone(item) && test(item));
    for (const [name, item] of found) this.swap(name, undefined, item);
    return found;
  }

  /** Forgets everything, deletions included, and leaves none. Listeners hear of each present item. */
  clear(): void {
    const changes = Array.from(this.presentItems(), ([name, known]) => ({ name, item: undefined, known }));
    for (const [name, item] of this.items) this.swap(name, undefined, item);
    if (changes.length > 0) this.#listeners.emit(this.changesOf(changes));
  }

  protected *presentItems(): IterableIterator<NamedItem<I>> {
    for (const entry of this.items) if (this.shown(entry[1]) !== undefined) yield entry;
  }

  /** Present items; O(1), or O(n) while an item with a time to live is held. */
  protected countPresent(): number {
    return this.#mortal === 0 ? this.#present : [...this.presentItems()].length;
  }

  /** The value of an item; undefined when it is deleted or expired. Only values of type V enter the map. */
  protected shown(item: I | undefined): V | undefined {
    if (item === undefined) return undefined;
    const { value, ttlMs } = item;
    if (ttlMs !== undefined && isExpired(timeOf(item), ttlMs, this.hlc.clock.wallMs())) return undefined;
    return (value ?? undefined) as V | undefined;
  }

  /** Puts an item in the place of another; either may be missing. */
  protected swap(name: string, item: I | undefined, known: I | undefined): void {
    if (item === undefined) this.items.delete(name);
    else this.items.set(name, item);
    this.#count(item, 1);
    this.#count(known, -1);
    this.#tree.changed(name, known);
  }

  #timeOf(name: string, item: I): number {
    return assertItem(identityOf(this.kind, item).key ?? name, item);
  }

  #take(name: string, item: I, changes: ItemChange<I>[] | undefined): boolean {
    const known = this.items.get(name);
    if (known !== undefined && compareVersions(versionOf(item), versionOf(known)) <= 0) return false;
    this.swap(name, item, known);
    changes?.push({ name, item, known });
    return true;
  }

  #count(item: I | undefined, by: 1 | -1): void {
    if (item === undefined || isGone(item)) return;
    this.#present += by;
    if (item.ttlMs !== undefined) this.#mortal += by;
  }
}
