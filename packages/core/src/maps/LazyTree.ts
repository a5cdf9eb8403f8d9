import { hashLanes, joinHash, lanes, setLanes } from '../hash/hashString.js';
import { hashValue } from '../hash/hashValue.js';
import { DigestTrie } from '../merkle/DigestTrie.js';
import { digestLanes, GONE_HASH } from '../merkle/itemDigest.js';
import { DIRTY, type Element, type Item, LOOSE } from './Item.js';

// So many writes without a root are a bulk load. Then all items are looked through instead, for a list of so many young
// objects costs the garbage collector more than the look.
const DIRTY_MAX = 4_096;

/**
 * The Merkle tree over the items of a map, hashed when somebody asks and not when somebody writes: writes only note the
 * item. Digests live in the items themselves, so neither key nor digest is stored twice.
 */
export class LazyTree<I extends Item> extends DigestTrie {
  readonly #items: ReadonlyMap<string, I>;
  #dirty: I[] = [];

  constructor(items: ReadonlyMap<string, I>) {
    super();
    this.#items = items;
  }

  get size(): number {
    return this.#items.size;
  }

  get(name: string): number | undefined {
    this.settle();
    const item = this.#items.get(name);
    return item && joinHash(item.hi, item.lo);
  }

  /** Notes that an item took the place of another; either may be missing. */
  swap(item: I | undefined, known: I | undefined): void {
    if (known !== undefined) {
      if (known.hi >= 0) {
        hashLanes(known.name);
        this.toggle(known.name, known.hi, known.lo, -1);
      }
      known.hi = LOOSE;
    }
    if (item !== undefined) {
      item.hi = DIRTY;
      if (this.#dirty.length < DIRTY_MAX) this.#dirty.push(item);
    }
    if (item === undefined || known === undefined) this.keysChanged();
  }

  protected keys(): Iterable<string> {
    return this.#items.keys();
  }

  protected settle(): void {
    if (this.#dirty.length === 0) return;
    const dirty = this.#dirty.length < DIRTY_MAX ? this.#dirty : this.#items.values();
    this.#dirty = [];
    for (const item of dirty) if (item.hi === DIRTY) this.#enter(item);
  }

  #enter(item: I): void {
    const { name, key, value, t, node, ttlMs } = item;
    const valueHash = value === undefined ? GONE_HASH : hashValue(value);
    // The hash of the name both places the item and begins its digest.
    hashLanes(name);
    const a = lanes[0] as number;
    const b = lanes[1] as number;
    // Only elements have a tag, and a name that is not their key.
    const { tag } = item as Partial<Element>;
    if (tag !== undefined) hashLanes(key);
    digestLanes(t, node, ttlMs, valueHash, tag);
    item.hi = (lanes[0] as number) >>> 6;
    item.lo = (lanes[1] as number) >>> 5;
    setLanes(a, b);
    this.toggle(name, item.hi, item.lo, 1);
  }
}
