import { stampOf, type Timestamp, timestampOf } from './clock/Timestamp.js';
import { compareVersions, isExpired } from './clock/versions.js';
import type { HLC } from './HLC.js';
import { Item } from './maps/Item.js';
import { LazyTree } from './maps/LazyTree.js';
import { Listeners } from './maps/Listeners.js';
import {
  acceptStamps,
  assertStamp,
  assertTtl,
  type ReplicatedMap,
  type ReplicatedRow,
  stampAbove,
} from './maps/ReplicatedMap.js';
import type { ChildHash, ItemHash, MerkleReader } from './merkle/DigestTrie.js';
import { itemDigest } from './merkle/itemDigest.js';
import { assertAdmitted } from './value/assertAdmitted.js';
import { assertKey } from './value/assertKey.js';
import { cloneAdmitted } from './value/cloneAdmitted.js';

/** A record of an LWW map: its value, when it was written and by whom. `value` null means deleted. */
export interface LWWRecord<V> {
  readonly value: V | null;
  readonly timestamp: Timestamp;
  /** Milliseconds after `timestamp.millis` until the record is hidden; absent means for ever. */
  readonly ttlMs?: number;
}

/** One changed key. `value` and `previous` are undefined where no record was or is. */
export interface LWWChange<V> {
  readonly key: string;
  readonly value: V | undefined;
  readonly previous: V | undefined;
}

/**
 * A last-write-wins map: for each key the version with the greatest stamp, on every replica, in whatever order versions
 * arrive (CLK-1). Deletions stay as tombstones until `prune`.
 *
 * Values given out are the stored ones, not copies: treat them as read-only. What is passed to `set` is copied.
 *
 * ```ts
 * const map = new LWWMap<{ title: string }>(new HLC('node-1', { clock: { wallMs: () => 1_700_000_000_000 } }));
 * const record = map.set('todo-1', { title: 'Buy milk' });
 * replica.merge('todo-1', record);   // on another node
 * ```
 */
export class LWWMap<V> implements ReplicatedMap {
  readonly kind = 'LWW';
  readonly #hlc: HLC;
  readonly #items = new Map<string, Item>();
  readonly #listeners = new Listeners<readonly LWWChange<V>[]>();
  readonly #tree: LazyTree<Item>;
  // One writer's rows come in runs and decoders make a new string each time; one shared string per node id is enough.
  readonly #nodes = new Map<string, string>();
  #present = 0;
  #mortal = 0;

  constructor(hlc: HLC) {
    this.#hlc = hlc;
    const items = this.#items;
    this.#tree = new LazyTree({
      nameOf: (item) => item.key,
      find: (key) => items.get(key),
      all: () => items.values(),
      count: () => items.size,
      digestOf: (item, valueHash) => itemDigest(item.key, item.t, item.node, item.ttlMs, valueHash),
    });
  }

  /**
   * Writes a value under a new stamp and returns the record for other replicas.
   *
   * `ttlMs` hides it that many ms after its stamp. Throws `KEY_INVALID`, `VALUE_NOT_ADMITTED` (also for null: deleting is
   * `remove`), `TTL_INVALID`; the map is then unchanged.
   */
  set(key: string, value: V, ttlMs?: number): LWWRecord<V> {
    assertKey(key);
    assertAdmitted(value);
    return this.#write(key, cloneAdmitted(value), assertTtl(ttlMs));
  }

  /** The value of a key; undefined when it is absent, deleted or expired. O(1). */
  get(key: string): V | undefined {
    const item = this.#items.get(key);
    return item === undefined ? undefined : this.#valueOf(item);
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  /** The record of a key as other replicas need it, also a tombstone or an expired one. */
  getRecord(key: string): LWWRecord<V> | undefined {
    const item = this.#items.get(key);
    return item === undefined ? undefined : recordOf(item);
  }

  /** Deletes a key, known or not, and returns the tombstone. Throws `KEY_INVALID`. */
  remove(key: string): LWWRecord<V> {
    assertKey(key);
    return this.#write(key, undefined, 0);
  }

  /**
   * Takes in a record of another replica; true when it won and changed the state. The clock follows its stamp.
   *
   * The value is trusted and kept as it is: what comes from outside has passed the codec's checks before. Throws
   * `KEY_INVALID`, `TIMESTAMP_FORMAT`, `TTL_INVALID`, and in strict mode `HLC_DRIFT`; nothing is then taken in.
   */
  merge(key: string, record: LWWRecord<V>): boolean {
    return this.mergeRows([rowOf(key, record)]) === 1;
  }

  /** Takes in many records at once; returns how many changed the state. Listeners hear once, with all of them. */
  mergeMany(records: Iterable<readonly [key: string, record: LWWRecord<V>]>): number {
    return this.mergeRows(Array.from(records, ([key, record]) => rowOf(key, record)));
  }

  mergeRows(rows: Iterable<ReplicatedRow>): number {
    const checked = Array.isArray(rows) ? (rows as readonly ReplicatedRow[]) : [...rows];
    for (const { key, t, node, ttlMs } of checked) {
      assertKey(key);
      assertStamp(t, node);
      assertTtl(ttlMs);
    }
    acceptStamps(this.#hlc, checked);
    const changes: LWWChange<V>[] | undefined = this.#listeners.active ? [] : undefined;
    let changed = 0;
    for (const { key, value, t, node, ttlMs } of checked) {
      if (this.#take(key, value, t, node, ttlMs ?? 0, changes)) changed++;
    }
    if (changes !== undefined && changes.length > 0) this.#listeners.emit(changes);
    return changed;
  }

  /**
   * Forgets tombstones older than a stamp and returns their keys. Live records stay. A replica that still holds an older
   * version of such a key would bring it back: prune only what every replica has seen.
   */
  prune(olderThan: Timestamp): string[] {
    const floor = stampOf(olderThan).t;
    const keys: string[] = [];
    for (const item of this.#items.values()) {
      if (item.value !== undefined || item.t >= floor) continue;
      this.#items.delete(item.key);
      this.#tree.drop(item);
      keys.push(item.key);
    }
    return keys;
  }

  /** Forgets everything, tombstones included, without leaving new ones. Listeners hear of each present record. */
  clear(): void {
    const changes = [...this.entries()].map(([key, previous]) => ({ key, value: undefined, previous }));
    this.#items.clear();
    this.#tree.clear();
    this.#present = 0;
    this.#mortal = 0;
    if (changes.length > 0) this.#listeners.emit(changes);
  }

  /** Present records: neither deleted nor expired. O(1), or O(n) while a record with a time to live is held. */
  get size(): number {
    if (this.#mortal === 0) return this.#present;
    let count = 0;
    for (const _ of this.entries()) count++;
    return count;
  }

  /** Present keys and values. The order may differ between replicas. */
  *entries(): IterableIterator<[string, V]> {
    for (const item of this.#items.values()) {
      const value = this.#valueOf(item);
      if (value !== undefined) yield [item.key, value];
    }
  }

  /** Present keys. */
  *keys(): IterableIterator<string> {
    for (const [key] of this.entries()) yield key;
  }

  /** All keys, deleted and expired ones included. */
  allKeys(): string[] {
    return [...this.#items.keys()];
  }

  /** Calls back once per write or merged batch with what changed. The function returned ends it. */
  onChange(callback: (changes: readonly LWWChange<V>[]) => void): () => void {
    return this.#listeners.add(callback);
  }

  /** The Merkle tree over all records, tombstones included. It is a live view. */
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
    const rows: ReplicatedRow[] = [];
    for (const key of items) {
      const item = this.#items.get(key);
      if (item === undefined) continue;
      const { value, t, node, ttlMs } = item;
      rows.push(ttlMs === 0 ? { key, value, t, node } : { key, value, t, node, ttlMs });
    }
    return rows;
  }

  #write(key: string, value: unknown, ttlMs: number): LWWRecord<V> {
    const t = stampAbove(this.#hlc, this.#items.get(key)?.t);
    const changes: LWWChange<V>[] | undefined = this.#listeners.active ? [] : undefined;
    this.#take(key, value, t, this.#hlc.getNodeId, ttlMs, changes);
    const timestamp = timestampOf(t, this.#hlc.getNodeId);
    if (changes !== undefined) this.#listeners.emit(changes);
    return toRecord(value as V | undefined, timestamp, ttlMs);
  }

  #take(
    key: string,
    value: unknown,
    t: number,
    node: string,
    ttlMs: number,
    changes: LWWChange<V>[] | undefined,
  ): boolean {
    let item = this.#items.get(key);
    let previous: V | undefined;
    if (item === undefined) {
      item = new Item(key, value, t, this.#intern(node), ttlMs);
      this.#items.set(key, item);
    } else {
      if (t < item.t || (t === item.t && compareVersions({ t, node, value, ttlMs }, item) <= 0)) return false;
      previous = changes && this.#valueOf(item);
      this.#count(item, -1);
      item.value = value;
      item.t = t;
      item.node = this.#intern(node);
      item.ttlMs = ttlMs;
    }
    this.#count(item, 1);
    this.#tree.touch(item);
    changes?.push({ key, value: this.#valueOf(item), previous });
    return true;
  }

  #count(item: Item, by: 1 | -1): void {
    if (item.value === undefined) return;
    this.#present += by;
    if (item.ttlMs !== 0) this.#mortal += by;
  }

  #valueOf(item: Item): V | undefined {
    if (item.ttlMs !== 0 && isExpired(item.t, item.ttlMs, this.#hlc.clock.wallMs())) return undefined;
    // Only values of type V enter the map.
    return item.value as V | undefined;
  }

  #intern(node: string): string {
    const known = this.#nodes.get(node);
    if (known !== undefined) return known;
    this.#nodes.set(node, node);
    return node;
  }
}

function recordOf<V>(item: Item): LWWRecord<V> {
  return toRecord(item.value as V | undefined, timestampOf(item.t, item.node), item.ttlMs);
}

function toRecord<V>(value: V | undefined, timestamp: Timestamp, ttlMs: number): LWWRecord<V> {
  return ttlMs === 0 ? { value: value ?? null, timestamp } : { value: value ?? null, timestamp, ttlMs };
}

function rowOf<V>(key: string, record: LWWRecord<V>): ReplicatedRow {
  const { t, node } = stampOf(record.timestamp);
  const value = record.value ?? undefined;
  return record.ttlMs === undefined ? { key, value, t, node } : { key, value, t, node, ttlMs: record.ttlMs };
}
