import { GONE_HASH, hashValue, itemDigest, partitionOf, rowKey } from '@topgun/core';
import type { Kind } from '@topgun/protocol';
import type { StoredRecord } from '../storage/Store.js';

/** What a row is made of; all fields named, so that every row is made the same way. */
export interface RowFields {
  readonly map: string;
  readonly key: string;
  readonly item: string;
  readonly pid: number;
  readonly kind: Kind;
  readonly value: unknown;
  readonly t: number;
  readonly node: string;
  readonly epoch: number;
  readonly n: number;
  readonly tag: string | undefined;
  readonly ttlMs: number | undefined;
  readonly owner: string | undefined;
}

/**
 * One record, element or counter in memory: a stored record that also knows its partition and its item key. One class
 * with always the same fields. What it says never changes: a change is a new row.
 */
export class Row implements StoredRecord {
  readonly map: string;
  readonly key: string;
  /** the item key: LWW and PN the key, OR `rowKey(key, tag)` */
  readonly item: string;
  readonly pid: number;
  readonly kind: Kind;
  readonly value: unknown;
  readonly t: number;
  readonly node: string;
  readonly epoch: number;
  readonly n: number;
  readonly tag?: string;
  readonly ttlMs?: number;
  readonly owner?: string;
  /** a later row of the item has become durable; a mark in the row costs less than a look into the map */
  isReplaced = false;

  constructor(fields: RowFields) {
    this.map = fields.map;
    this.key = fields.key;
    this.item = fields.item;
    this.pid = fields.pid;
    this.kind = fields.kind;
    this.value = fields.value;
    this.t = fields.t;
    this.node = fields.node;
    this.epoch = fields.epoch;
    this.n = fields.n;
    if (fields.tag !== undefined) this.tag = fields.tag;
    if (fields.ttlMs !== undefined) this.ttlMs = fields.ttlMs;
    if (fields.owner !== undefined) this.owner = fields.owner;
  }

  static of(record: StoredRecord): Row {
    const { map, key, kind, value, t, node, epoch, n, tag, ttlMs, owner } = record;
    const item = itemOf(key, tag);
    return new Row({
      map,
      key,
      item,
      pid: partitionOf(key),
      kind,
      value,
      t,
      node,
      epoch,
      n,
      tag,
      ttlMs,
      owner,
    });
  }
}

export function itemOf(key: string, tag: string | undefined): string {
  return tag === undefined ? key : rowKey(key, tag);
}

/** What predicates, masks and queries look at: the value, of a counter its total; undefined for what is gone. */
export function readableOf(row: Row | undefined): unknown {
  if (row === undefined || row.value === undefined) return undefined;
  return row.kind === 'PN' ? totalOf(row.value) : row.value;
}

/** The digest of a present row whose value is seen as `seen` (DAT-5). */
export function digestOf(row: Row, seen: unknown): number {
  return itemDigest(
    row.key,
    row.t,
    row.node,
    row.ttlMs,
    seen === undefined ? GONE_HASH : hashValue(seen),
    row.tag,
  );
}

/** [increments, decrements] of a counter row. */
export type Totals = readonly [plus: number, minus: number];

export function totalsOf(value: unknown): Totals {
  // A counter's value is only ever made by the engine, as two totals.
  return value as Totals;
}

function totalOf(value: unknown): number {
  const [plus, minus] = totalsOf(value);
  return plus - minus;
}
