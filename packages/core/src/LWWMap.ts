import { stampOf, type Timestamp, timestampOf } from './clock/Timestamp.js';
import { Item } from './maps/Item.js';
import { type ItemChange, ItemMap } from './maps/ItemMap.js';
import { assertStamp, assertTtl, type ReplicatedRow, stampAbove } from './maps/ReplicatedMap.js';
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
export class LWWMap<V> extends ItemMap<V, Item, LWWChange<V>> {
  readonly kind = 'LWW';

  /**
   * Writes a value under a new stamp and returns the record for other replicas.
   *
   * `ttlMs` hides it that many ms after its stamp. Throws `KEY_INVALID`, `VALUE_NOT_ADMITTED` (also for null: deleting is
   * `remove`), `TTL_INVALID`; the map is then unchanged.
   */
  set(key: string, value: V, ttlMs?: number): LWWRecord<V> {
    return this.#write(key, cloneAdmitted(value), ttlMs);
  }

  /** Deletes a key, known or not, and returns the tombstone. Throws `KEY_INVALID`. */
  remove(key: string): LWWRecord<V> {
    return this.#write(key, undefined);
  }

  /** The value of a key; undefined when it is absent, deleted or expired. O(1). */
  get(key: string): V | undefined {
    const item = this.items.get(key);
    return item === undefined ? undefined : this.shown(item);
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  /** The record of a key as other replicas need it, also a tombstone or an expired one. */
  getRecord(key: string): LWWRecord<V> | undefined {
    const item = this.items.get(key);
    return item === undefined ? undefined : recordOf(item);
  }

  /**
   * Takes in a record of another replica; true when it won and changed the state. The clock follows its stamp.
   *
   * The value is trusted and kept as it is: what comes from outside has passed the codec's checks before. Throws
   * `KEY_INVALID`, `TIMESTAMP_FORMAT`, `TTL_INVALID`, and in strict mode `HLC_DRIFT`; nothing is then taken in.
   */
  merge(key: string, record: LWWRecord<V>): boolean {
    return this.mergeItems([this.#foreign(key, record)]) === 1;
  }

  /** Takes in many records at once; returns how many changed the state. Listeners hear once, with all of them. */
  mergeMany(records: Iterable<readonly [key: string, record: LWWRecord<V>]>): number {
    const items: Item[] = [];
    for (const entry of records) items.push(this.#foreign(entry[0], entry[1]));
    return this.mergeItems(items);
  }

  /**
   * Forgets tombstones older than a stamp and returns their keys. Live records stay. A replica that still holds an older
   * version of such a key would bring it back: prune only what every replica has seen.
   */
  prune(olderThan: Timestamp): string[] {
    const floor = stampOf(olderThan).t;
    return this.forget(({ t }) => t < floor).map(({ key }) => key);
  }

  /** Present records: neither deleted nor expired. O(1), or O(n) while a record with a time to live is held. */
  get size(): number {
    return this.countPresent();
  }

  /** Present keys and values. The order may differ between replicas. */
  *entries(): IterableIterator<[string, V]> {
    for (const item of this.presentItems()) yield [item.key, item.value as V];
  }

  /** Present keys. */
  *keys(): IterableIterator<string> {
    for (const { key } of this.presentItems()) yield key;
  }

  /** All keys, deleted and expired ones included. */
  allKeys(): string[] {
    return [...this.items.keys()];
  }

  protected itemOf({ key, value, t, node, ttlMs }: ReplicatedRow): Item {
    return this.#item(key, value, t, node, ttlMs || undefined);
  }

  protected changesOf(changes: readonly ItemChange<Item>[]): LWWChange<V>[] {
    const shown = (item: Item | undefined) => item && this.shown(item);
    return changes.map(([item, known]) => {
      // One of the two is there.
      const { key } = (item ?? known) as Item;
      return { key, value: shown(item), previous: shown(known) };
    });
  }

  #write(key: string, value: unknown, ttlMs?: number): LWWRecord<V> {
    assertKey(key);
    const known = this.items.get(key);
    assertTtl(ttlMs);
    const item = new Item(key, key, value, stampAbove(this.hlc, known?.t), this.hlc.getNodeId, ttlMs ?? 0);
    this.write(item, known);
    return recordOf(item);
  }

  #foreign(key: string, { value, timestamp, ttlMs }: LWWRecord<V>): Item {
    const { t, node } = stampOf(timestamp);
    return this.#item(key, value ?? undefined, t, node, ttlMs);
  }

  #item(key: string, value: unknown, t: number, node: string, ttlMs: number | undefined): Item {
    assertKey(key);
    assertStamp(t, node);
    assertTtl(ttlMs);
    return new Item(key, key, value, t, this.intern(node), ttlMs ?? 0);
  }
}

function recordOf<V>(item: Item): LWWRecord<V> {
  // Only values of type V enter the map.
  const value = item.value === undefined ? null : (item.value as V);
  const timestamp = timestampOf(item.t, item.node);
  return item.ttlMs === 0 ? { value, timestamp } : { value, timestamp, ttlMs: item.ttlMs };
}
