import { stampOf, type Timestamp, timestampOf } from '../clock/Timestamp.js';
import { mapError } from '../errors.js';
import type { HLC } from '../HLC.js';
import type { ChildHash, ItemHash } from '../merkle/DigestTrie.js';
import { assertKey } from '../value/assertKey.js';
import { type Item, REMOVAL_TIME, REMOVED, timeOf } from './Item.js';

/**
 * One row of a replicated map, the same for both kinds: a record of an LWW map, or with `tag` an element of an OR map.
 * `value` undefined means deleted or removed; the stamp of a removed element says nothing. `ttlMs` absent or 0 means for
 * ever.
 */
export interface ReplicatedRow {
  readonly key: string;
  readonly tag?: string;
  readonly value: unknown;
  readonly t: number;
  readonly node: string;
  readonly ttlMs?: number;
}

/**
 * What a sync needs of a map, whatever its kind: hashes to compare, items to tell apart, rows to send and take in.
 * Items are named by the key, in an OR map by `rowKey(key, tag)`; deletions are items too.
 */
export interface ReplicatedMap {
  readonly kind: 'LWW' | 'OR';
  /** Equal on two replicas iff their state is equal; 0 when empty. */
  rootHash(): number;
  /** The non-empty children of a node of the map's Merkle tree. */
  children(path: string): ChildHash[];
  /** The items under a node. */
  itemsOf(path: string): ItemHash[];
  /** The rows of items; names the map does not have are left out. */
  rowsOf(items: Iterable<string>): ReplicatedRow[];
  /** Takes rows in; returns how many changed the state. Listeners hear once. */
  mergeRows(rows: Iterable<ReplicatedRow>): number;
}

/**
 * The packed time of an item from another replica, 0 for a removal, which moves no clock. Throws `KEY_INVALID`,
 * `TTL_INVALID` or `TIMESTAMP_FORMAT` unless it is well-formed; its value is trusted.
 */
export function assertItem(key: string, { timestamp, ttlMs }: Item): number {
  assertKey(key);
  assertTtl(ttlMs);
  return timestamp === REMOVED ? 0 : assertBelowRemovals(stampOf(timestamp).t);
}

/** Throws `TTL_INVALID` unless the time to live is absent or a positive safe integer. */
export function assertTtl(ttlMs: number | undefined): void {
  if (ttlMs === undefined || (Number.isSafeInteger(ttlMs) && ttlMs > 0)) return;
  throw mapError('TTL_INVALID', `TTL must be a positive finite whole number, not ${ttlMs}`);
}

/**
 * A stamp for a write on a version seen (CLK-3): greater than it. When that version lies in a future the clock refused
 * to follow, only this record's time runs ahead; the clock, and with it every other record, stays where it is.
 */
export function stampAbove(hlc: HLC, seen: Item | undefined): Timestamp {
  const t = hlc.nowPacked();
  const above = seen === undefined || t > timeOf(seen) ? t : timeOf(seen) + 1;
  return timestampOf(assertBelowRemovals(above), hlc.getNodeId);
}

function assertBelowRemovals(t: number): number {
  if (t < REMOVAL_TIME) return t;
  throw mapError('TIMESTAMP_FORMAT', `Invalid stamp: ${t}`);
}
