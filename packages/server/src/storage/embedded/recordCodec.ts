import { compareStamps } from '@topgun/core';
import { serialize } from '@topgun/protocol';
import { itemIdOf } from '../itemId.js';
import { compareRepairs } from '../mergeRecord.js';
import type { PartitionState } from '../PartitionState.js';
import type { StoredRecord } from '../Store.js';
import type { ByteReader } from './ByteReader.js';
import type { ByteWriter } from './ByteWriter.js';
import { PackedRecord, type RecordHead } from './PackedRecord.js';
import type { Strings, StringTable } from './StringTable.js';

/**
 * The bytes of one record in a chunk:
 *
 *   head, map, key, t, node, n, then by head: tag, ttl, owner, epoch, from, repaired, value (msgpack behind its length)
 *
 * The head is form * 2 + (1 when gone), and what follows. The fourth form is an LWW record that was repaired. The epoch stands only where it is not that of the slice's high.
 */
const KINDS = ['LWW', 'OR', 'PN', 'LWW'] as const;
const REPAIRED = 3;
const FORM_MASK = 7;
const HAS_TAG = 8;
const HAS_TTL = 16;
const HAS_OWNER = 32;
const HAS_EPOCH = 64;
const HAS_FROM = 128;

export function writeRecord(
  writer: ByteWriter,
  strings: StringTable,
  record: StoredRecord,
  highEpoch: number,
): void {
  const { tag, ttlMs, owner, epoch, from, repaired } = record;
  const packed = packedValue(record);
  const form = repaired === undefined ? KINDS.indexOf(record.kind) : REPAIRED;
  writer.byte(
    (form * 2 + (packed === undefined ? 1 : 0)) |
      (tag === undefined ? 0 : HAS_TAG) |
      (ttlMs === undefined ? 0 : HAS_TTL) |
      (owner === undefined ? 0 : HAS_OWNER) |
      (epoch === highEpoch ? 0 : HAS_EPOCH) |
      (from === undefined ? 0 : HAS_FROM),
  );
  writer.uint(strings.indexOf(record.map));
  writer.text(record.key);
  writer.float(record.t);
  writer.uint(strings.indexOf(record.node));
  writer.uint(record.n);
  if (tag !== undefined) writer.text(tag);
  if (ttlMs !== undefined) writer.uint(ttlMs);
  if (owner !== undefined) writer.uint(strings.indexOf(owner));
  if (epoch !== highEpoch) writer.uint(epoch);
  if (from !== undefined) writer.text(from);
  if (repaired !== undefined) writer.uint(repaired);
  if (packed !== undefined) writer.blob(packed);
}

export function readRecord(reader: ByteReader, strings: Strings, highEpoch: number): PackedRecord {
  const valueBytes = readHead(reader, strings, highEpoch);
  const from = reader.at;
  return new PackedRecord(head, reader.bytes, from, reader.skip(valueBytes));
}

/** Merges a record into a state, and does not even make it when the state holds a later version. */
export function absorbRecord(
  reader: ByteReader,
  strings: Strings,
  highEpoch: number,
  state: PartitionState,
): void {
  const valueBytes = readHead(reader, strings, highEpoch);
  const from = reader.at;
  const to = reader.skip(valueBytes);
  const id = itemIdOf(head);
  const held = state.records.get(id);
  const isOutlived =
    held?.kind === 'LWW' &&
    head.kind === 'LWW' &&
    (compareRepairs(held, head) || compareStamps(held.t, held.node, head.t, head.node)) > 0;
  if (!isOutlived) state.absorbRecord(new PackedRecord(head, reader.bytes, from, to), id);
}

/** The head read last. One for all, because most are looked at and dropped. */
const head: { -readonly [K in keyof RecordHead]: RecordHead[K] } = {
  map: '',
  key: '',
  tag: undefined,
  kind: 'LWW',
  t: 0,
  node: '',
  ttlMs: undefined,
  epoch: 0,
  n: 0,
  owner: undefined,
  from: undefined,
  repaired: undefined,
};

/** Reads up to the value; returns the bytes of the value, 0 for a record that is gone. */
function readHead(reader: ByteReader, strings: Strings, highEpoch: number): number {
  const flags = reader.byte();
  const form = (flags & FORM_MASK) >> 1;
  head.kind = KINDS[form] ?? 'LWW';
  head.map = strings.at(reader.uint());
  head.key = reader.text();
  head.t = reader.float();
  head.node = strings.at(reader.uint());
  head.n = reader.uint();
  head.tag = flags & HAS_TAG ? reader.text() : undefined;
  head.ttlMs = flags & HAS_TTL ? reader.uint() : undefined;
  head.owner = flags & HAS_OWNER ? strings.at(reader.uint()) : undefined;
  head.epoch = flags & HAS_EPOCH ? reader.uint() : highEpoch;
  head.from = flags & HAS_FROM ? reader.text() : undefined;
  head.repaired = form === REPAIRED ? reader.uint() : undefined;
  return flags & 1 ? 0 : reader.uint();
}

function packedValue(record: StoredRecord): Uint8Array | undefined {
  if (record instanceof PackedRecord) return record.packed.length === 0 ? undefined : record.packed;
  return record.value === undefined ? undefined : serialize(record.value);
}
