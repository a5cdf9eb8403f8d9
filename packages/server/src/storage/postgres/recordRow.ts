import { crc32 } from 'node:zlib';
import { hashValue } from '@topgun/core';
import { deserialize, type Kind, serialize } from '@topgun/protocol';
import { serverError } from '../../errors.js';
import type { StoredRecord } from '../Store.js';
import { fromUnitBytes, toUnitBytes } from './codeUnits.js';

const NO_BYTES = Buffer.alloc(0);
const KINDS: readonly Kind[] = ['LWW', 'OR', 'PN'];

/** What of a record PostgreSQL compares, and what it only keeps. Texts that may hold anything are bytes: its text takes no NUL. */
export interface RecordRow {
  readonly map: string;
  readonly key: Buffer;
  readonly tag: Buffer;
  /** in the order of their names, which decides between kinds */
  readonly kind: number;
  /** compared before the stamp: of LWW the repair, of OR 1 for a removed tag */
  readonly first: number;
  readonly t: number;
  readonly node: Buffer;
  readonly gone: boolean;
  /** of the value */
  readonly hash: number;
  readonly ttl: number | null;
  readonly epoch: number;
  readonly n: number;
  /** of counters */
  readonly plus: number | null;
  readonly minus: number | null;
  /** the value as msgpack; null for a counter and for what is gone */
  readonly body: Buffer | null;
  /** owner and the op it was made from, as msgpack; mostly there is an owner */
  readonly about: Buffer | null;
  /** crc32 of all the rest; the totals of a counter are merged in place and are not in it */
  readonly sum: number;
}

export function toRow(record: StoredRecord): RecordRow {
  const { map, kind, value, t, ttlMs, epoch, n, owner, from, repaired } = record;
  const isCounter = kind === 'PN';
  const gone = value === undefined;
  // Written by the engine only, which checks the totals before they are staged.
  const [plus, minus] = isCounter ? (value as readonly [number, number]) : [null, null];
  const head = {
    map,
    key: Buffer.from(record.key, 'utf8'),
    tag: record.tag === undefined ? NO_BYTES : Buffer.from(record.tag, 'utf8'),
    kind: KINDS.indexOf(kind),
    first: kind === 'LWW' ? (repaired ?? 0) : kind === 'OR' ? Number(gone) : 0,
    t,
    node: toUnitBytes(record.node),
    gone,
    hash: gone || isCounter ? 0 : (record.valueHash?.() ?? hashValue(value)),
    ttl: ttlMs ?? null,
    epoch,
    n,
    plus,
    minus,
    body: isCounter || gone ? null : packed(value),
    about: owner === undefined && from === undefined ? null : packed([owner ?? null, from ?? null]),
  };
  return { ...head, sum: sumOf(head) };
}

/** Throws STORE_CORRUPT when the checksum does not match. */
export function fromRow(row: Omit<RecordRow, 'hash'>): StoredRecord {
  const { map, t, epoch, n, plus, minus, first, ttl } = row;
  const key = row.key.toString('utf8');
  if (sumOf(row) !== row.sum) {
    throw serverError(
      'STORE_CORRUPT',
      `The checksum of the record ${map}/${key} does not match its content.`,
    );
  }
  const kind = KINDS[row.kind] ?? 'LWW';
  // Written by `toRow`.
  const [owner, from] = (row.about === null ? [null, null] : deserialize(row.about)) as (string | null)[];
  return {
    map,
    key,
    ...(row.tag.length > 0 && { tag: row.tag.toString('utf8') }),
    kind,
    value: kind === 'PN' ? [plus, minus] : row.body === null ? undefined : deserialize(row.body),
    t,
    node: fromUnitBytes(row.node),
    ...(ttl !== null && { ttlMs: ttl }),
    epoch,
    n,
    ...(typeof owner === 'string' && { owner }),
    ...(typeof from === 'string' && { from }),
    ...(kind === 'LWW' && first > 0 && { repaired: first }),
  };
}

/** An admitted value as bytes of its own. */
export function packed(value: unknown): Buffer {
  const bytes = serialize(value);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function sumOf(row: Omit<RecordRow, 'hash' | 'sum'>): number {
  const { map, kind, first, t, gone, ttl, epoch, n } = row;
  let sum = crc32(`${map}\0${kind} ${first} ${t} ${gone} ${ttl ?? '-'} ${epoch} ${n}`);
  for (const bytes of [row.node, row.tag, row.key, row.body, row.about])
    if (bytes !== null) sum = crc32(bytes, sum);
  return sum;
}
