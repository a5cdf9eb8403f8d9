import { compareStamps, stampOf, type Timestamp, timestampOf } from './clock/Timestamp.js';
import { compareVersions, isExpired } from './clock/versions.js';
import { coreError } from './errors.js';
import { HLC } from './HLC.js';
import { Element, ElementTable } from './maps/ElementTable.js';
import { LazyTree } from './maps/LazyTree.js';
import { Listeners } from './maps/Listeners.js';
import {
  acceptStamps,
  assertStamp,
  assertTtl,
  type ReplicatedMap,
  type ReplicatedRow,
} from './maps/ReplicatedMap.js';
import type { ChildHash, ItemHash, MerkleReader } from './merkle/DigestTrie.js';
import { assertAdmitted } from './value/assertAdmitted.js';
import { assertKey } from './value/assertKey.js';
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
export class ORMap<V> implements ReplicatedMap {
  readonly kind = 'OR';
  readonly #hlc: HLC;
  readonly #nextTag: (() => string) | undefined;
  readonly #elements = new ElementTable();
  readonly #listeners = new Listeners<readonly ORChange<V>[]>();
  readonly #tree: LazyTree<Element>;

  constructor(hlc: HLC, options: ORMapOptions = {}) {
    this.#hlc = hlc;
    this.#nextTag = options.nextTag;
    this.#tree = new LazyTree(this.#elements);
  }

  /**
   * Adds a value under a new tag and returns the element for other replicas; equal values may stand side by side.
   *
   * Throws `KEY_INVALID`, `VALUE_NOT_ADMITTED`, `TTL_INVALID`, `TAG_INVALID` for a tag this key has had.
   */
  add(key: string, value: V, ttlMs?: number): ORMapRecord<V> {
    assertKey(key);
    assertAdmitted(value);
    const ttl = assertTtl(ttlMs);
    const stamp = this.#hlc.now();
    const tag = this.#nextTag === undefined ? HLC.toString(stamp) : this.#nextTag();
    assertTag(key, tag);
    if (this.#elements.get(key, tag) !== undefined) {
      throw coreError(
        'TAG_INVALID',
        `The tag ${JSON.stringify(tag)} of key ${JSON.stringify(key)} is already used.`,
      );
    }
    const { t, node } = stampOf(stamp);
    const element = new Element(key, tag, cloneAdmitted(value), t, node, ttl);
    this.#batch((changes) => this.#take(element, changes));
    return recordOf(element);
  }

  /** Removes the elements of a key whose value is deep-equal, on whatever replica they were added; returns their tags. */
  remove(key: string, value: V): string[] {
    const tags: string[] = [];
    for (const element of this.#elements.under(key)) {
      if (element.value !== undefined && deepEqual(element.value, value)) tags.push(element.tag);
    }
    return this.removeTags(key, tags);
  }

  /** Removes tags of a key for good, known here or not; returns those that were not removed before. */
  removeTags(key: string, tags: Iterable<string>): string[] {
    assertKey(key);
    const named = [...tags];
    for (const tag of named) assertTag(key, tag);
    const learnt = named.length > 0 ? this.#hlc.nowPacked() : 0;
    return this.#batch((changes) => named.filter((tag) => this.#take(this.#gone(key, tag, learnt), changes)));
  }

  /** The present values of a key, oldest first: the same order on every replica. */
  get(key: string): V[] {
    return this.getRecords(key).map((record) => record.value);
  }

  /** The same as `get`. */
  getValues(key: string): V[] {
    return this.get(key);
  }

  /** The present elements of a key, oldest first. */
  getRecords(key: string): ORMapRecord<V>[] {
    return this.#presentUnder(key).map((element) => recordOf<V>(element));
  }

  /** Takes in an element of another replica; true when it changed the state. See `LWWMap.merge` for what is trusted. */
  apply(key: string, record: ORMapRecord<V>): boolean {
    return this.mergeRows([rowOf(key, record)]) === 1;
  }

  /** Takes in the removal of a tag, in O(1); true when it changed the state. The add may still be to come. */
  applyTombstone(key: string, tag: string): boolean {
    return this.removeTags(key, [tag]).length === 1;
  }

  /** Takes in everything another replica holds. */
  merge(other: ORMap<V>): MergeKeyResult {
    return this.#mergeCounted(Array.from(other.#elements.all(), elementRow));
  }

  /** Takes in elements and removed tags of one key. */
  mergeKey(
    key: string,
    records: Iterable<ORMapRecord<V>>,
    tombstones: Iterable<string> = [],
  ): MergeKeyResult {
    const rows: ReplicatedRow[] = Array.from(records, (record) => rowOf(key, record));
    const [t, node] = [this.#hlc.highWater, this.#hlc.getNodeId];
    for (const tag of tombstones) rows.push({ key, tag, value: undefined, t, node });
    return this.#mergeCounted(rows);
  }

  mergeRows(rows: Iterable<ReplicatedRow>): number {
    const elements = Array.from(rows, (row) => this.#toElement(row));
    acceptStamps(this.#hlc, elements);
    const learnt = elements.some((element) => element.value === undefined) ? this.#hlc.nowPacked() : 0;
    return this.#batch((changes) => {
      let changed = 0;
      for (const element of elements) {
        if (element.value === undefined) element.t = learnt;
        if (this.#take(element, changes)) changed++;
      }
      return changed;
    });
  }

  /** All removed tags that are still known. */
  getTombstones(): string[] {
    return [...this.#elements.removedTags];
  }

  isTombstoned(tag: string): boolean {
    return this.#elements.removedTags.has(tag);
  }

  /**
   * Forgets removed tags that this replica learnt of before a stamp; returns them. A replica that still holds such an
   * element would bring it back: prune only what every replica has seen.
   */
  prune(olderThan: Timestamp): string[] {
    const floor = stampOf(olderThan).t;
    const pruned = [...this.#elements.all()].filter(
      (element) => element.value === undefined && element.t < floor,
    );
    for (const element of pruned) this.#tree.drop(element);
    this.#elements.deleteRemoved(pruned);
    return pruned.map((element) => element.tag);
  }

  /** Forgets everything, removed tags included. Listeners hear of each present element. */
  clear(): void {
    const changes = this.keys().map((key) => ({ key, added: [], removed: this.getRecords(key) }));
    this.#elements.clear();
    this.#tree.clear();
    if (changes.length > 0) this.#listeners.emit(changes);
  }

  /** Keys with at least one present element. */
  keys(): string[] {
    return this.allKeys().filter((key) => this.#presentUnder(key).length > 0);
  }

  /** All keys, also those with nothing but removed or expired elements. */
  allKeys(): string[] {
    return this.#elements.keys();
  }

  /** Keys with at least one present element. O(1), or O(n) while an element with a time to live is held. */
  get size(): number {
    return this.#elements.mortal === 0 ? this.#elements.presentKeys : this.keys().length;
  }

  /** Present elements under all keys. O(1), or O(n) while an element with a time to live is held. */
  get totalRecords(): number {
    if (this.#elements.mortal === 0) return this.#elements.present;
    return this.allKeys().reduce((sum, key) => sum + this.#presentUnder(key).length, 0);
  }

  /** Calls back once per call or merged batch with what changed, removals by other replicas included. */
  onChange(callback: (changes: readonly ORChange<V>[]) => void): () => void {
    return this.#listeners.add(callback);
  }

  /** A copy of what is present, and of all removed tags. */
  getSnapshot(): ORMapSnapshot<V> {
    const items = new Map<string, Map<string, ORMapRecord<V>>>();
    for (const key of this.keys())
      items.set(key, new Map(this.getRecords(key).map((record) => [record.tag, record])));
    return { items, tombstones: new Set(this.#elements.removedTags) };
  }

  /** The Merkle tree over all elements, removed tags included; items are named `rowKey(key, tag)`. It is a live view. */
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
    return Array.from(items).flatMap((name) => {
      const element = this.#elements.find(name);
      return element === undefined ? [] : [elementRow(element)];
    });
  }

  #presentUnder(key: string): Element[] {
    const wallMs = this.#elements.mortal === 0 ? 0 : this.#hlc.clock.wallMs();
    const present = (element: Element) =>
      element.value !== undefined && !isExpired(element.t, element.ttlMs, wallMs);
    return [...this.#elements.under(key)].filter(present).sort(compareElements);
  }

  #mergeCounted(rows: readonly ReplicatedRow[]): MergeKeyResult {
    const before = this.#elements.known;
    const changed = this.mergeRows(rows);
    const added = this.#elements.known - before;
    return { added, updated: changed - added };
  }

  #toElement(row: ReplicatedRow): Element {
    const { key, tag, value, t, node } = row;
    assertKey(key);
    assertTag(key, tag);
    if (value === undefined) return this.#gone(key, tag, 0);
    assertStamp(t, node);
    return new Element(key, tag, value, t, node, assertTtl(row.ttlMs));
  }

  // A removal has no stamp that all replicas agree on. Its time is when this replica learnt of it, for `prune` alone.
  #gone(key: string, tag: string, learnt: number): Element {
    return new Element(key, tag, undefined, learnt, this.#hlc.getNodeId, 0);
  }

  #take(element: Element, changes: ChangeBatch<V> | undefined): boolean {
    const known = this.#elements.get(element.key, element.tag);
    if (known !== undefined) {
      // Removed for good, or the same tag with the same or an older version.
      if (known.value === undefined) return false;
      if (element.value !== undefined && compareVersions(element, known) <= 0) return false;
      changes?.note(known, 'removed');
      this.#tree.drop(known);
    }
    this.#elements.put(element, known);
    this.#tree.touch(element);
    if (element.value !== undefined) changes?.note(element, 'added');
    return true;
  }

  #batch<R>(work: (changes: ChangeBatch<V> | undefined) => R): R {
    const changes = this.#listeners.active ? new ChangeBatch<V>() : undefined;
    const result = work(changes);
    if (changes !== undefined && changes.byKey.size > 0) this.#listeners.emit([...changes.byKey.values()]);
    return result;
  }
}

class ChangeBatch<V> {
  readonly byKey = new Map<string, { key: string; added: ORMapRecord<V>[]; removed: ORMapRecord<V>[] }>();

  note(element: Element, what: 'added' | 'removed'): void {
    const { key } = element;
    let change = this.byKey.get(key);
    if (change === undefined) {
      change = { key, added: [], removed: [] };
      this.byKey.set(key, change);
    }
    change[what].push(recordOf(element));
  }
}

function compareElements(a: Element, b: Element): number {
  return compareStamps(a.t, a.node, b.t, b.node) || compareStamps(0, a.tag, 0, b.tag);
}

function assertTag(key: string, tag: unknown): asserts tag is string {
  if (typeof tag === 'string' && tag !== '') return;
  throw coreError('TAG_INVALID', `An element of key ${JSON.stringify(key)} has no tag.`);
}

function recordOf<V>(element: Element): ORMapRecord<V> {
  // Only values of type V enter the map, and no record is made of a removed element.
  const { tag, ttlMs } = element;
  const record = { value: element.value as V, timestamp: timestampOf(element.t, element.node), tag };
  return ttlMs === 0 ? record : { ...record, ttlMs };
}

function rowOf<V>(key: string, record: ORMapRecord<V>): ReplicatedRow {
  const { t, node } = stampOf(record.timestamp);
  const { tag, ttlMs } = record;
  // A record of undefined would read as a removal.
  if (record.value === undefined)
    throw coreError('VALUE_NOT_ADMITTED', `The record of key ${key} has no value.`);
  return { key, tag, value: record.value, t, node, ...(ttlMs === undefined ? {} : { ttlMs }) };
}

function elementRow(element: Element): ReplicatedRow {
  const { key, tag, value, t, node, ttlMs } = element;
  return { key, tag, value, t, node, ...(ttlMs === 0 ? {} : { ttlMs }) };
}
