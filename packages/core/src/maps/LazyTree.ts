import { hashHi, hashLo, joinHash } from '../hash/hashString.js';
import { hashValue } from '../hash/hashValue.js';
import { DigestTrie } from '../merkle/DigestTrie.js';
import { GONE_HASH, itemDigest } from '../merkle/itemDigest.js';
import { DIRTY, type Element, type Item, LOOSE } from './Item.js';
import type { ItemTable } from './ItemTable.js';

// So many writes without a root are a bulk load. Then all items are looked through instead, for a list of so many young
// objects costs the garbage collector more than the look.
const DIRTY_MAX = 4_096;

/**
 * The Merkle tree over the items of a map, hashed when somebody asks and not when somebody writes: writes only note the
 * item. Digests live in the items themselves, so neither key nor digest is stored twice.
 */
export class LazyTree<I extends Item> extends DigestTrie {
  readonly #table: ItemTable<I>;
  #dirty: I[] = [];

  constructor(table: ItemTable<I>) {
    super();
    this.#table = table;
  }

  get size(): number {
    return this.#table.size;
  }

  get(name: string): number | undefined {
    this.settle();
    const item = this.#table.find(name);
    return item && joinHash(item.hi, item.lo);
  }

  /** Notes that an item took the place of another, or of none. */
  swap(item: I, known: I | undefined): void {
    if (known !== undefined) this.#flipOut(known);
    item.hi = DIRTY;
    if (this.#dirty.length < DIRTY_MAX) this.#dirty.push(item);
    if (known === undefined) this.keysChanged();
  }

  /** Notes that an item left the map. */
  drop(item: I): void {
    this.#flipOut(item);
    this.keysChanged();
  }

  #flipOut(item: I): void {
    if (item.hi >= 0) this.toggle(this.#table.nameOf(item), item.hi, item.lo, -1);
    item.hi = LOOSE;
  }

  /** Forgets everything, as the map does. */
  clear(): void {
    this.#dirty = [];
    this.reset();
  }

  protected itemKeys(): Iterable<string> {
    return Array.from(this.#table.values(), (item) => this.#table.nameOf(item));
  }

  protected settle(): void {
    if (this.#dirty.length === 0) return;
    const dirty = this.#dirty.length < DIRTY_MAX ? this.#dirty : this.#table.values();
    this.#dirty = [];
    for (const item of dirty) {
      if (item.hi !== DIRTY) continue;
      const { key, value, t, node, ttlMs } = item;
      // Only elements have a tag.
      const { tag } = item as Partial<Element>;
      const digest = itemDigest(key, t, node, ttlMs, value === undefined ? GONE_HASH : hashValue(value), tag);
      item.hi = hashHi(digest);
      item.lo = hashLo(digest);
      this.toggle(this.#table.nameOf(item), item.hi, item.lo, 1);
    }
  }
}
