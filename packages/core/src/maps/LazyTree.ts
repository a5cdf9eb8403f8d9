import { hashLanes, lanes, lanesToHash, setLanes } from '../hash/hashString.js';
import { valueLanes } from '../hash/hashValue.js';
import { DigestTrie } from '../merkle/DigestTrie.js';
import { digestLanes } from '../merkle/itemDigest.js';
import { type Item, identityOf, isGone, timeOf } from './Item.js';

/**
 * The Merkle tree over the items of a map, hashed when somebody asks and not when somebody writes. It stores neither items
 * nor digests: the digest of an item is computed from it, once to put it in, once to take it out, and when it is asked
 * for. So a load makes and notes nothing per item; an item that changes between two roots is hashed twice. Invariant: items
 * never change.
 */
export class LazyTree extends DigestTrie {
  readonly #kind: 'LWW' | 'OR';
  readonly #items: ReadonlyMap<string, Item>;
  // What the tree holds of each name that changed since somebody asked; undefined when it holds nothing at all.
  #held: Map<string, Item | undefined> | undefined;

  constructor(kind: 'LWW' | 'OR', items: ReadonlyMap<string, Item>) {
    super();
    this.#kind = kind;
    this.#items = items;
  }

  get size(): number {
    return this.#items.size;
  }

  get(name: string): number | undefined {
    const item = this.#items.get(name);
    if (item === undefined) return undefined;
    hashLanes(name);
    this.#digest(item);
    return lanesToHash();
  }

  /** To be called when another item, or none, took the place of what was known under a name. */
  changed(name: string, known: Item | undefined): void {
    if (this.#held === undefined) return;
    if (!this.#held.has(name)) this.#held.set(name, known);
    // Each change costs two digests: from here on it is cheaper to begin anew, and a bulk load is not noted at all.
    if (this.#held.size * 2 <= this.#items.size) return;
    this.#held = undefined;
    this.reset();
  }

  protected keys(): Iterable<string> {
    return this.#items.keys();
  }

  protected settle(): void {
    const held = this.#held;
    if (held?.size === 0) return;
    this.#held = new Map();
    if (held === undefined) {
      this.#items.forEach((item, name) => {
        this.#flip(name, item, 1);
      });
      return;
    }
    for (const [name, known] of held) {
      this.#flip(name, known, -1);
      this.#flip(name, this.#items.get(name), 1);
    }
    this.keysChanged();
  }

  #flip(name: string, item: Item | undefined, count: 1 | -1): void {
    if (item === undefined) return;
    // The hash of the name places the item, and unless it has a key of its own begins its digest.
    hashLanes(name);
    const a = lanes[0] as number;
    const b = lanes[1] as number;
    this.#digest(item);
    this.toggle(name, a, b, (lanes[0] as number) >>> 6, (lanes[1] as number) >>> 5, count);
  }

  // Takes the lanes from the hash of an item's name to its digest.
  #digest(item: Item): void {
    const { key, tag } = identityOf(this.#kind, item);
    if (key !== undefined) hashLanes(key);
    const a = lanes[0] as number;
    const b = lanes[1] as number;
    // A deletion has the value hash 0, `GONE_HASH`.
    if (isGone(item)) setLanes(0, 0);
    else valueLanes(item.value);
    const valueHi = (lanes[0] as number) >>> 6;
    const valueLo = (lanes[1] as number) >>> 5;
    digestLanes(a, b, timeOf(item), item.timestamp.nodeId, item.ttlMs, valueHi, valueLo, tag);
  }
}
