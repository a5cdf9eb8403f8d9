import { deserialize } from '@topgun/protocol';
import { reaches } from '../gcMarks.js';
import type { GcMarks, StoredRecord } from '../Store.js';

/** All of a record but its value. */
export interface RecordHead
  extends Omit<StoredRecord, 'value' | 'tag' | 'ttlMs' | 'owner' | 'from' | 'repaired'> {
  readonly tag: string | undefined;
  readonly ttlMs: number | undefined;
  readonly owner: string | undefined;
  readonly from: string | undefined;
  readonly repaired: number | undefined;
}

/**
 * A record as a chunk holds it: its value stays packed until somebody asks. Folding hardly ever does, for two versions
 * mostly differ in their stamps, and copies the bytes instead.
 */
export class PackedRecord implements StoredRecord {
  readonly map: string;
  readonly key: string;
  readonly tag?: string;
  readonly kind: StoredRecord['kind'];
  readonly t: number;
  readonly node: string;
  readonly ttlMs?: number;
  readonly epoch: number;
  readonly n: number;
  readonly owner?: string;
  readonly from?: string;
  readonly repaired?: number;
  readonly #bytes: Uint8Array;
  readonly #from: number;
  readonly #to: number;

  /** The value lies in `bytes` from `from` to `to`; nothing there = gone. */
  constructor(head: RecordHead, bytes: Uint8Array, from: number, to: number) {
    this.map = head.map;
    this.key = head.key;
    if (head.tag !== undefined) this.tag = head.tag;
    this.kind = head.kind;
    this.t = head.t;
    this.node = head.node;
    if (head.ttlMs !== undefined) this.ttlMs = head.ttlMs;
    this.epoch = head.epoch;
    this.n = head.n;
    if (head.owner !== undefined) this.owner = head.owner;
    if (head.from !== undefined) this.from = head.from;
    if (head.repaired !== undefined) this.repaired = head.repaired;
    this.#bytes = bytes;
    this.#from = from;
    this.#to = to;
  }

  get value(): unknown {
    return this.#from === this.#to ? undefined : deserialize(this.packed);
  }

  /** The bytes of the value; none for a record that is gone. */
  get packed(): Uint8Array {
    return this.#bytes.subarray(this.#from, this.#to);
  }
}

/** Whether a record, merged from all that is stored of it, was purged. Its value is not unpacked for that. */
export function isPurged(gc: GcMarks | undefined, record: StoredRecord): boolean {
  if (!reaches(gc, record)) return false;
  return record instanceof PackedRecord ? record.packed.length === 0 : record.value === undefined;
}

/** A record that no longer needs its chunk. */
export function unpacked(record: StoredRecord): StoredRecord {
  return record instanceof PackedRecord ? { ...record, value: record.value } : record;
}
