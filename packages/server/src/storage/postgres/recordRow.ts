import { deserialize, type Kind, serialize } from '@topgun/protocol';
import { serverError } from '../../errors.js';
import type { StoredRecord } from '../Store.js';
import { fromUnitBytes } from './codeUnits.js';
import { Ink } from './Ink.js';

/** The number of a kind is its place. */
export const KINDS: readonly Kind[] = ['LWW', 'OR', 'PN'];

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

const ink = new Ink();

/** Throws STORE_CORRUPT when the checksum does not match. */
export function fromRow(row: Omit<RecordRow, 'hash'>): StoredRecord {
  const { map, t, epoch, n, plus, minus, first, ttl } = row;
  const key = row.key.toString('utf8');
  if (sumOf(ink, row, row) !== row.sum) {
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

/** What the checksum covers of a record in either form, before its texts. */
interface Summed {
  readonly kind: number;
  readonly first: number;
  readonly gone: boolean;
  readonly ttl: number | null;
  /** bytes, or texts of these bytes */
  readonly node: Uint8Array | string;
  readonly tag: Uint8Array | string;
  readonly key: Uint8Array | string;
  readonly body: Uint8Array | null;
  readonly about: Uint8Array | null;
}

/** `placed`: the record itself, or its row. */
export function sumOf(
  ink: Ink,
  { map, t, epoch, n }: Pick<StoredRecord, 'map' | 't' | 'epoch' | 'n'>,
  { kind, first, gone, ttl, node, tag, key, body, about }: Summed,
): number {
  ink.text(map).text('\0').number(kind).text(' ').number(first).text(' ').number(t);
  ink.text(gone ? ' true ' : ' false ');
  if (ttl === null) ink.text('-');
  else ink.number(ttl);
  ink.text(' ').number(epoch).text(' ').number(n);
  return ink.cell(node).cell(tag).cell(key).cell(body).cell(about).crc();
}
