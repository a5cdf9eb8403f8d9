import { parsePath, readPath } from '../query/path.js';
import { bucketOf } from '../value/bucketOf.js';
import { deepEqual } from '../value/deepEqual.js';

/** What is looked up: rows whose field equals the value, or whose field, an array or a text, contains it. */
export type LookupKind = 'value' | 'item';

/** Most values are those of one row only, for which a set would be a waste. */
type Bucket = string | Set<string>;

/**
 * Rows by the value of one path, in the buckets of `bucketOf`, and by each item where the value is an array. What it finds
 * is a superset of what `eq`, `in` and `contains` hold for.
 */
export class HashIndex {
  readonly #segments: readonly string[];
  readonly #values = new Map<unknown, Bucket>();
  readonly #items = new Map<unknown, Bucket>();
  #rows = 0;
  #texts = 0;

  constructor(path: string) {
    this.#segments = parsePath(path);
  }

  /** rows that have the field */
  get size(): number {
    return this.#rows;
  }

  /** Takes in what a row was and is; undefined = there is none. Taking out what is not in, and in what is, does nothing. */
  changed(key: string, old: unknown, now: unknown): void {
    const before = readPath(old, this.#segments);
    const after = readPath(now, this.#segments);
    // Rows that were never taken in are told of too, so an equal value is put in again.
    if (before !== undefined && !deepEqual(before, after)) this.#remove(key, before);
    if (after !== undefined) this.#add(key, after);
  }

  /** The most rows a lookup can find. */
  count(kind: LookupKind, operand: unknown): number {
    const found = countOf((kind === 'item' ? this.#items : this.#values).get(bucketOf(operand)));
    return kind === 'item' && typeof operand === 'string' ? found + this.#texts : found;
  }

  /** Visits the keys that a lookup finds. */
  visit(kind: LookupKind, operand: unknown, visit: (key: string) => void): void {
    visitBucket((kind === 'item' ? this.#items : this.#values).get(bucketOf(operand)), visit);
    if (kind === 'value' || typeof operand !== 'string' || this.#texts === 0) return;
    // A text contains a text. Texts are their own buckets.
    for (const [text, bucket] of this.#values)
      if (typeof text === 'string' && text.includes(operand)) visitBucket(bucket, visit);
  }

  /** Whether a lookup by an equal value would find the key. */
  has(operand: unknown, key: string): boolean {
    const bucket = this.#values.get(bucketOf(operand));
    return typeof bucket === 'string' ? bucket === key : bucket?.has(key) === true;
  }

  #add(key: string, field: unknown): void {
    if (!put(this.#values, bucketOf(field), key)) return;
    this.#rows++;
    if (typeof field === 'string') this.#texts++;
    if (Array.isArray(field)) for (const item of field) put(this.#items, bucketOf(item), key);
  }

  #remove(key: string, field: unknown): void {
    if (!cut(this.#values, bucketOf(field), key)) return;
    this.#rows--;
    if (typeof field === 'string') this.#texts--;
    if (Array.isArray(field)) for (const item of field) cut(this.#items, bucketOf(item), key);
  }
}

function put(buckets: Map<unknown, Bucket>, id: unknown, key: string): boolean {
  const bucket = buckets.get(id);
  if (bucket === undefined) buckets.set(id, key);
  else if (typeof bucket === 'string') {
    if (bucket === key) return false;
    buckets.set(id, new Set([bucket, key]));
  } else {
    if (bucket.has(key)) return false;
    bucket.add(key);
  }
  return true;
}

function cut(buckets: Map<unknown, Bucket>, id: unknown, key: string): boolean {
  const bucket = buckets.get(id);
  if (typeof bucket === 'string') return bucket === key && buckets.delete(id);
  if (bucket?.delete(key) !== true) return false;
  if (bucket.size === 0) buckets.delete(id);
  return true;
}

function countOf(bucket: Bucket | undefined): number {
  return typeof bucket === 'string' ? 1 : (bucket?.size ?? 0);
}

function visitBucket(bucket: Bucket | undefined, visit: (key: string) => void): void {
  if (typeof bucket === 'string') visit(bucket);
  else if (bucket !== undefined) for (const key of bucket) visit(key);
}
