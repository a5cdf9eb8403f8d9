import {
  assertPacked,
  compareStamps,
  isText,
  stampOf,
  type Timestamp,
  timestampOf,
} from './clock/Timestamp.js';
import { mapError } from './errors.js';
import { HLC } from './HLC.js';
import { type Item, isGone, type NamedItem, REMOVED } from './maps/Item.js';
import { type ItemChange, ItemMap } from './maps/ItemMap.js';
import { assertItem, type ReplicatedRow } from './maps/ReplicatedMap.js';
import { rowKey } from './merkle/rowKey.js';
import { cloneAdmitted } from './value/cloneAdmitted.js';
import { deepEqual } from './value/deepEqual.js';

/** An element of an OR map: a value under a tag that no other element has. */
export interface ORMapRecord<V> {
  readonly value: V;
  readonly timestamp: Timestamp;
  readonly tag: string;
  /** Milliseconds after `timestamp.millis` until the element is hidden; absent means for ever. */
  readonly ttlMs?: number;
}

/** What changed under one key. */
export interface ORChange<V> {
  readonly key: string;
  readonly added: readonly ORMapRecord<V>[];
  readonly removed: readonly ORMapRecord<V>[];
}

/** How many elements a merge brought, and how many known ones it changed or removed. */
export interface MergeKeyResult {
  readonly added: number;
  readonly updated: number;
}

/** All present elements by key and tag, and all removed tags. */
export interface ORMapSnapshot<V> {
  readonly items: ReadonlyMap<string, ReadonlyMap<string, ORMapRecord<V>>>;
  readonly tombstones: ReadonlySet<string>;
}

/** How an OR map is made. */
export interface ORMapOptions {
  /** Makes the tag of each added element; tags must be unique for good. Default: the element's stamp as text. */
  readonly nextTag?: () => string;
}

/** What is kept of one element. A removed one keeps the packed time at which this replica learnt of it, for `prune` alone. */
interface Element extends Item {
  readonly key: string;
  readonly tag: string;
  readonly learnt: number;
}

/**
 * An observed-remove map: under each key a set of values that replicas add and remove concurrently (DAT-1).
 *
 * Each add makes an element with a tag of its own; a remove names the tags it has seen, so an add it has not seen
 * survives. A removed tag stays known until `prune` and never comes back. Values given out are the stored ones, not
 * copies: treat them as read-only. What is passed to `add` is copied.
 *
 * ```ts
 * const map = new ORMap<string>(new HLC('node-1', { clock: { wallMs: () => 1_700_000_000_000 } }));
 * const element = map.add('tags', 'urgent');
 * replica.apply('tags', element);                                             // on another node
 * for (const tag of map.remove('tags', 'urgent')) replica.applyTombstone('tags', tag);
 * ```
 */
export class ORMap<V> extends ItemMap<V, Element, ORChange<V>> {
  declare readonly kind: 'OR';
  readonly #nextTag: (() => string) | undefined;
  // What `items` holds, by key; and the tags of the removed ones among it.
  readonly #byKey = new Map<string, Set<Element>>();
  readonly #removedTags = new Set<string>();

  constructor(hlc: HLC, options: ORMapOptions = {}) {
    super('OR', hlc);
    this.#nextTag = options.nextTag;
  }

  /**
   * Adds a value under a new tag and returns the element for other replicas; equal values may stand side by side.
   *
   * Throws `KEY_INVALID`, `VALUE_NOT_ADMITTED`, `TTL_INVALID`, `TAG_INVALID` for a tag this key has had.
   */
  add(key: string, value: V, ttlMs?: number): ORMapRecord<V> {
    const copy = cloneAdmitted(value);
    const timestamp = this.hlc.now();
    const tag = this.#nextTag === undefined ? HLC.toString(timestamp) : this.#nextTag();
    const [name, element] = namedElement(key, tag, copy, timestamp, ttlMs);
    assertItem(key, element);
    if (this.items.has(name)) throw mapError('TAG_INVALID', `Key ${key} already had the tag ${tag}`);
    this.write(name, element, undefined);
    return recordOf(element);
  }

  /** Removes the elements of a key whose value is deep-equal, on whatever replica they were added; returns their tags. */
  remove(key: string, value: V): string[] {
    const equal = this.#under(key).filter((element) => deepEqual(element.value, value));
    return this.removeTags(
      key,
      equal.map(({ tag }) => tag),
    );
  }

  /** Removes tags of a key for good, known here or not; returns those that were not removed before. */
  removeTags(key: string, tags: Iterable<string>): string[] {
    return Array.from(tags, (tag) => this.#removal(key, tag))
      .filter((removal) => this.mergeItems([removal]) === 1)
      .map(([, { tag }]) => tag);
  }

  /** The present values of a key, oldest first: the same order on every replica. */
  get(key: string): V[] {
    return this.getRecords(key).map(({ value }) => value);
  }

  /** The same as `get`. */
  getValues(key: string): V[] {
    return this.get(key);
  }

  /** The present elements of a key, oldest first. */
  getRecords(key: string): ORMapRecord<V>[] {
    const present = this.#under(key).filter((element) => this.shown(element) !== undefined);
    return present.sort(compareElements).map((element) => recordOf<V>(element));
  }

  /** Takes in an element of another replica; true when it changed the state. See `LWWMap.merge` for what is trusted. */
  apply(key: string, record: ORMapRecord<V>): boolean {
    return this.mergeItems([foreign(key, record)]) === 1;
  }

  /** Takes in the removal of a tag, in O(1); true when it changed the state. The add may still be to come. */
  applyTombstone(key: string, tag: string): boolean {
    return this.removeTags(key, [tag]).length === 1;
  }

  /** Takes in everything another replica holds; returns how many elements changed. */
  merge(other: ORMap<V>): MergeKeyResult {
    return this.#mergeCounted(
      Array.from(other.items, (named) =>
        isGone(named[1]) ? this.#removal(named[1].key, named[1].tag) : named,
      ),
    );
  }

  /** Takes in elements and removed tags of one key. */
  mergeKey(
    key: string,
    records: Iterable<ORMapRecord<V>>,
    tombstones: Iterable<string> = [],
  ): MergeKeyResult {
    const added = Array.from(records, (record) => foreign(key, record));
    return this.#mergeCounted([...added, ...Array.from(tombstones, (tag) => this.#removal(key, tag))]);
  }

  /** All removed tags that are still known. */
  getTombstones(): string[] {
    return [...this.#removedTags];
  }

  isTombstoned(tag: string): boolean {
    return this.#removedTags.has(tag);
  }

  /**
   * Forgets removed tags that this replica learnt of before a stamp; returns them. A replica that still holds such an
   * element would bring it back: prune only what every replica has seen.
   */
  prune(olderThan: Timestamp): string[] {
    const floor = stampOf(olderThan).t;
    return this.forget(({ learnt }) => learnt < floor).map(([, { tag }]) => tag);
  }

  /** Keys with at least one present element. */
  keys(): string[] {
    return [...new Set(Array.from(this.presentItems(), ([, { key }]) => key))];
  }

  /** All keys, also those with nothing but removed or expired elements. */
  allKeys(): string[] {
    return [...this.#byKey.keys()];
  }

  /** Keys with at least one present element; O(n). */
  get size(): number {
    return this.keys().length;
  }

  /** Present elements under all keys. O(1), or O(n) while an element with a time to live is held. */
  get totalRecords(): number {
    return this.countPresent();
  }

  /** A copy of what is present, and of all removed tags. */
  getSnapshot(): ORMapSnapshot<V> {
    const byTag = (key: string) => new Map(this.getRecords(key).map((record) => [record.tag, record]));
    return {
      items: new Map(this.keys().map((key) => [key, byTag(key)])),
      tombstones: new Set(this.#removedTags),
    };
  }

  protected itemOf({ key, tag, value, t, node, ttlMs }: ReplicatedRow): NamedItem<Element> {
    if (value === undefined) return this.#removal(key, tag);
    return namedElement(key, tag, value, timestampOf(assertPacked(t), node), ttlMs || undefined);
  }

  protected changesOf(changes: readonly ItemChange<Element>[]): ORChange<V>[] {
    const byKey = new Map<string, { key: string; added: ORMapRecord<V>[]; removed: ORMapRecord<V>[] }>();
    const note = (element: Element | undefined, what: 'added' | 'removed') => {
      if (element === undefined || isGone(element)) return;
      const { key } = element;
      const change = byKey.get(key) ?? { key, added: [], removed: [] };
      change[what].push(recordOf(element));
      byKey.set(key, change);
    };
    for (const { item, known } of changes) {
      note(known, 'removed');
      note(item, 'added');
    }
    return [...byKey.values()];
  }

  protected override swap(name: string, element: Element | undefined, known: Element | undefined): void {
    super.swap(name, element, known);
    // One of the two is there.
    const { key, tag } = (element ?? known) as Element;
    const under = this.#byKey.get(key) ?? new Set();
    if (known !== undefined) under.delete(known);
    if (element !== undefined) under.add(element);
    if (under.size > 0) this.#byKey.set(key, under);
    else this.#byKey.delete(key);
    if (element === undefined) this.#removedTags.delete(tag);
    else if (isGone(element)) this.#removedTags.add(tag);
  }

  #under(key: string): Element[] {
    return [...(this.#byKey.get(key) ?? [])];
  }

  #mergeCounted(elements: readonly NamedItem<Element>[]): MergeKeyResult {
    const before = this.items.size;
    const changed = this.mergeItems(elements);
    const added = this.items.size - before;
    return { added, updated: changed - added };
  }

  #removal(key: string, tag: string | undefined): NamedItem<Element> {
    return namedElement(key, tag, null, REMOVED, undefined, this.hlc.nowPacked());
  }
}

function foreign<V>(key: string, { tag, value, timestamp, ttlMs }: ORMapRecord<V>): NamedItem<Element> {
  return namedElement(key, tag, value, timestamp, ttlMs);
}

function namedElement(
  key: string,
  tag: string | undefined,
  value: unknown,
  timestamp: Timestamp,
  ttlMs: number | undefined,
  learnt = 0,
): NamedItem<Element> {
  if (!isText(tag)) throw mapError('TAG_INVALID', `An element of key ${key} has no tag`);
  return [rowKey(key, tag), { key, tag, value, timestamp, ttlMs, learnt }];
}

function compareElements(a: Element, b: Element): number {
  return HLC.compare(a.timestamp, b.timestamp) || compareStamps(0, a.tag, 0, b.tag);
}

function recordOf<V>({ value, timestamp, tag, ttlMs }: Element): ORMapRecord<V> {
  // Only values of type V enter the map, and no record is made of a removed element.
  const record = { value: value as V, timestamp, tag };
  return ttlMs === undefined ? record : { ...record, ttlMs };
}
