import { assertPacked, stampOf, type Timestamp, timestampOf } from './clock/Timestamp.js';
import type { HLC } from './HLC.js';
import { type NamedItem, timeOf } from './maps/Item.js';
import { type ItemChange, ItemMap } from './maps/ItemMap.js';
import { assertTtl, type ReplicatedRow, stampAbove } from './maps/ReplicatedMap.js';
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
 * Values and records given out are the stored ones, not copies: treat them as read-only. What is passed to `set` is copied.
 *
 * ```ts
 * const map = new LWWMap<{ title: string }>(new HLC('node-1', { clock: { wallMs: () => 1_700_000_000_000 } }));
 * const record = map.set('todo-1', { title: 'Buy milk' });
 * replica.merge('todo-1', record);   // on another node
 * ```
 */
export class LWWMap<V> extends ItemMap<V, LWWRecord<V>, LWWChange<V>> {
  declare readonly kind: 'LWW';

  constructor(hlc: HLC) {
    super('LWW', hlc);
  }

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
    return this.#write(key, null);
  }

  /** The value of a key; undefined when it is absent, deleted or expired. O(1). */
  get(key: string): V | undefined {
    return this.shown(this.items.get(key));
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  /** The record of a key as other replicas need it, also a tombstone or an expired one. */
  getRecord(key: string): LWWRecord<V> | undefined {
    return this.items.get(key);
  }

  /**
   * Takes in a record of another replica; true when it won and changed the state. The clock follows its stamp.
   *
   * The record itself is kept, so do not change it afterwards, and its value is trusted: what comes from outside has
   * passed the codec's checks before. Throws `KEY_INVALID`, `TIMESTAMP_FORMAT`, `TTL_INVALID`, and in strict mode
   * `HLC_DRIFT`; nothing is then taken in.
   */
  merge(key: string, record: LWWRecord<V>): boolean {
    return this.mergeItems([[key, record]]) === 1;
  }

  /** Takes in many records at once; returns how many changed the state. Listeners hear once, with all of them. */
  mergeMany(records: Iterable<readonly [key: string, record: LWWRecord<V>]>): number {
    return this.mergeItems([...records]);
  }

  /**
   * Forgets tombstones older than a stamp and returns their keys. Live records stay. A replica that still holds an older
   * version of such a key would bring it back: prune only what every replica has seen.
   */
  prune(olderThan: Timestamp): string[] {
    const floor = stampOf(olderThan).t;
    return this.forget((record) => timeOf(record) < floor).map(([key]) => key);
  }

  /** Present records: neither deleted nor expired. O(1), or O(n) while a record with a time to live is held. */
  get size(): number {
    return this.countPresent();
  }

  /** Present keys and values. The order may differ between replicas. */
  *entries(): IterableIterator<[string, V]> {
    for (const [key, { value }] of this.presentItems()) yield [key, value as V];
  }

  /** Present keys. */
  *keys(): IterableIterator<string> {
    for (const [key] of this.presentItems()) yield key;
  }

  /** All keys, deleted and expired ones included. */
  allKeys(): string[] {
    return [...this.items.keys()];
  }

  protected itemOf({ key, value, t, node, ttlMs }: ReplicatedRow): NamedItem<LWWRecord<V>> {
    const record = { value: (value ?? null) as V | null, timestamp: timestampOf(assertPacked(t), node) };
    return [key, ttlMs ? { ...record, ttlMs } : record];
  }

  protected changesOf(changes: readonly ItemChange<LWWRecord<V>>[]): LWWChange<V>[] {
    return changes.map(({ name, item, known }) => ({
      key: name,
      value: this.shown(item),
      previous: this.shown(known),
    }));
  }

  #write(key: string, value: V | null, ttlMs?: number): LWWRecord<V> {
    assertKey(key);
    assertTtl(ttlMs);
    const known = this.items.get(key);
    const timestamp = stampAbove(this.hlc, known);
    const record = ttlMs === undefined ? { value, timestamp } : { value, timestamp, ttlMs };
    this.write(key, record, known);
    return record;
  }
}
