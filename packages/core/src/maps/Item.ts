import { PACKED_TIME_MAX, packTime, type Timestamp, timestampOf } from '../clock/Timestamp.js';
import type { Version } from '../clock/versions.js';

/**
 * What a map keeps of one record: of an LWW map the record itself, as it was written or came from another replica, so
 * taking it in makes no object. It never changes. `value` null or undefined means deleted.
 */
export interface Item {
  readonly value: unknown;
  readonly timestamp: Timestamp;
  readonly ttlMs?: number | undefined;
}

/** The key and tag of an item. */
export interface Identity {
  readonly key?: string;
  readonly tag?: string;
}

const NAMED_BY_KEY: Identity = {};

/** Only elements of an OR map have key and tag. Any other item is named by its key, whatever else its record has. */
export function identityOf(kind: 'LWW' | 'OR', item: Item & Identity): Identity {
  return kind === 'OR' ? item : NAMED_BY_KEY;
}

/** An item and its name: the key, or of an element `rowKey(key, tag)`. */
export type NamedItem<I extends Item> = readonly [name: string, item: I];

/**
 * The packed time of every removal in an OR map: replicas agree that a tag is removed and not on when, and a removal is
 * final, so it stands above every stamp a version can have.
 */
export const REMOVAL_TIME = PACKED_TIME_MAX;

/** The timestamp of every removal, and of nothing else. */
export const REMOVED: Timestamp = timestampOf(REMOVAL_TIME, '');

/** The packed time of an item. */
export function timeOf({ timestamp }: Item): number {
  return packTime(timestamp.millis, timestamp.counter);
}

/** Whether an item is a deletion. */
export function isGone({ value }: Item): boolean {
  return value === null || value === undefined;
}

/** An item as a version, to be ordered or sent. */
export function versionOf(item: Item): Version {
  return { value: item.value ?? undefined, t: timeOf(item), node: item.timestamp.nodeId, ttlMs: item.ttlMs };
}
