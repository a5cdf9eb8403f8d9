import { GONE_HASH, hashValue, itemDigest, partitionOf, rowKey } from '@topgun/core';
import type { Kind } from '@topgun/protocol';
import type { StoredRecord } from '../storage/Store.js';

/**
 * One record, element or counter in memory: a stored record that also knows its partition and its item key. One class
 * with always the same fields, and never changed once made: a change is a new row.
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

  constructor(record: StoredRecord, pid: number = partitionOf(record.key), item: string = itemOf(record.key, record.tag)) {
    this.map = record.map;
    this.key = record.key;
    this.item = item;
    this.pid = pid;
    this.kind = record.kind;
    this.value = record.value;
    this.t = record.t;
    this.node = record.node;
    this.epoch = record.epoch;
    this.n = record.n;
    if (record.tag !== undefined) this.tag = record.tag;
    if (record.ttlMs !== undefined) this.ttlMs = record.ttlMs;
    if (record.owner !== undefined) this.owner = record.owner;
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
  return itemDigest(row.key, row.t, row.node, row.ttlMs, seen === undefined ? GONE_HASH : hashValue(seen), row.tag);
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
