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
  /** on maps with a resolver: the op it was made from */
  readonly from: string | undefined;
  /** epoch of the last repair of the item */
  readonly repaired: number | undefined;
  /** of the row that stood before */
  readonly slot: Slot | undefined;
}

/** Parts a 53-bit hash into two small numbers. */
const HASH_LO = 2 ** 27;

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
  readonly from?: string;
  readonly repaired?: number;
  /** where its map keeps it; set when it is staged or loaded */
  slot: Slot | undefined;
  /** kept by MapState: the flush it waits for, and its place among the rows of that flush */
  flush = 0;
  place = 0;
  /** of `valueHash`, in two small numbers, which cost no object of their own; -1 = not asked for yet */
  #hashHi = -1;
  #hashLo = 0;

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
    this.slot = fields.slot;
    if (fields.tag !== undefined) this.tag = fields.tag;
    if (fields.ttlMs !== undefined) this.ttlMs = fields.ttlMs;
    if (fields.owner !== undefined) this.owner = fields.owner;
    if (fields.from !== undefined) this.from = fields.from;
    if (fields.repaired !== undefined) this.repaired = fields.repaired;
  }

  /** `hashValue` of a present value; kept, since the fingerprint of an op and the digest of its row both need it. */
  valueHash(): number {
    if (this.#hashHi < 0) {
      const hash = hashValue(this.value);
      this.#hashHi = Math.floor(hash / HASH_LO);
      this.#hashLo = hash % HASH_LO;
    }
    return this.#hashHi * HASH_LO + this.#hashLo;
  }

  /**
   * The deletion that the end of its time makes of this version (CLK-6): under the same stamp, so that it beats this
   * version and none that was written after it.
   */
  ended(epoch: number, n: number): Row {
    const { map, key, item, pid, kind, t, node, tag, owner, from, repaired, slot } = this;
    const version = { map, key, item, pid, kind, t, node, tag, owner, from, repaired, slot };
    return new Row({ ...version, value: undefined, ttlMs: undefined, epoch, n });
  }

  static of(record: StoredRecord): Row {
    const { map, key, kind, value, t, node, epoch, n, tag, ttlMs, owner, from, repaired } = record;
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
      from,
      repaired,
      slot: undefined,
    });
  }
}

/**
 * The place of one item in its map: the durable row, and above it the last of those that are being flushed or wait for
 * the next flush. A row knows its slot, so that a write looks its item up once, when it is judged.
 */
export class Slot {
  /** the item key */
  readonly item: string;
  committed: Row | undefined;
  staged: Row | undefined;
  /** kept by ChangeChain: the items of the map and partition that changed before and after this one */
  earlier: Slot | undefined;
  later: Slot | undefined;

  constructor(item: string) {
    this.item = item;
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
  const valueHash = seen === undefined ? GONE_HASH : seen === row.value ? row.valueHash() : hashValue(seen);
  return itemDigest(row.key, row.t, row.node, row.ttlMs, valueHash, row.tag);
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
