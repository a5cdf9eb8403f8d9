import { crc32 } from 'node:zlib';
import { deserialize, serialize } from '@topgun/protocol';
import { serverError } from '../../errors.js';
import type { CommitBatch, DedupEntry, DedupRow, MetaRow, PartitionSlice, StoredRecord } from '../Store.js';

/**
 * The bytes of one chunk: a log chunk holds a whole commit, a snapshot chunk one merged slice.
 *
 *   byte 0      layout of what follows, 1
 *   bytes 1..4  crc32 of the payload, little endian
 *   bytes 5..   msgpack `[strings, slices, meta]`
 *   slice       `[pid, epoch, n, records, dedup]`, epoch and n = its high
 *   record      `[mapIdx, form, key, value, t, nodeIdx, n, tag, ttlMs, ownerIdx, epoch]`, trailing nils cut off;
 *               form = kind * 2 + (1 when gone); epoch only where it is not that of the high
 *   dedup       `[clientIdx, sessionIdx, settledBelow, entries]`, each entry nine numbers in a row
 *
 * Strings that repeat (maps, node ids, clients, sessions, owners, codes) stand once, in `strings`. Rows instead of
 * objects cost a third of the bytes and of the time.
 */
const LAYOUT = 1;
const HEADER_BYTES = 5;
const ENTRY_FIELDS = 9;
const KINDS = ['LWW', 'OR', 'PN'] as const;

/** Wraps any admitted value with layout and checksum. */
export function sealChunk(payload: unknown): Buffer {
  const body = serialize(payload);
  const chunk = Buffer.allocUnsafe(HEADER_BYTES + body.length);
  chunk[0] = LAYOUT;
  chunk.writeUInt32LE(crc32(body), 1);
  chunk.set(body, HEADER_BYTES);
  return chunk;
}

/** Unwraps what `sealChunk` made. Throws STORE_CORRUPT, naming `where`, when a single bit is off. */
export function openChunk(chunk: Uint8Array, where: string): unknown {
  const body = chunk.subarray(HEADER_BYTES);
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  if (chunk.byteLength <= HEADER_BYTES || chunk[0] !== LAYOUT || view.getUint32(1, true) !== crc32(body)) {
    throw serverError('STORE_CORRUPT', `The checksum of ${where} does not match its content.`);
  }
  return deserialize(body);
}

export function encodeCommit(batch: CommitBatch): Buffer {
  const strings = new StringTable();
  const slices = batch.slices.map((slice) => encodeSlice(slice, strings));
  const meta = batch.meta.map((row) => [row.name, row.value]);
  return sealChunk([strings.list, slices, meta]);
}

export function decodeCommit(chunk: Uint8Array, where: string): CommitBatch {
  // The checksum holds, so this is what encodeCommit wrote.
  const [strings, slices, meta] = openChunk(chunk, where) as [string[], SliceRow[], [string, unknown][]];
  return {
    slices: slices.map((row) => decodeSlice(row, strings)),
    meta: meta.map(([name, value]): MetaRow => ({ name, value })),
  };
}

/** A row under construction. */
type Mutable<T> = { -readonly [K in keyof T]: T[K] };

type SliceRow = readonly [
  pid: number,
  epoch: number,
  n: number,
  records: readonly RecordRow[],
  dedup: readonly DedupTuple[],
];
type RecordRow = readonly [
  mapIdx: number,
  form: number,
  key: string,
  value: unknown,
  t: number,
  nodeIdx: number,
  n: number,
  tag?: string | null,
  ttlMs?: number | null,
  ownerIdx?: number | null,
  epoch?: number | null,
];
type DedupTuple = readonly [
  clientIdx: number,
  sessionIdx: number,
  settledBelow: number,
  entries: readonly number[],
];

class StringTable {
  readonly list: string[] = [];
  readonly #indexes = new Map<string, number>();

  indexOf(text: string): number {
    let index = this.#indexes.get(text);
    if (index === undefined) {
      index = this.list.push(text) - 1;
      this.#indexes.set(text, index);
    }
    return index;
  }
}

function encodeSlice(slice: PartitionSlice, strings: StringTable): SliceRow {
  const { epoch, n } = slice.high;
  const records = slice.records.map((record) => encodeRecord(record, epoch, strings));
  const dedup = slice.dedup.map((row) => encodeDedup(row, strings));
  return [slice.pid, epoch, n, records, dedup];
}

function encodeRecord(record: StoredRecord, sliceEpoch: number, strings: StringTable): RecordRow {
  const gone = record.value === undefined;
  const row: unknown[] = [
    strings.indexOf(record.map),
    KINDS.indexOf(record.kind) * 2 + (gone ? 1 : 0),
    record.key,
    gone ? null : record.value,
    record.t,
    strings.indexOf(record.node),
    record.n,
  ];
  const { tag, ttlMs, owner } = record;
  const epoch = record.epoch === sliceEpoch ? undefined : record.epoch;
  const length =
    epoch !== undefined ? 4 : owner !== undefined ? 3 : ttlMs !== undefined ? 2 : tag !== undefined ? 1 : 0;
  if (length > 0) row.push(tag ?? null);
  if (length > 1) row.push(ttlMs ?? null);
  if (length > 2) row.push(owner === undefined ? null : strings.indexOf(owner));
  if (length > 3) row.push(epoch);
  return row as unknown as RecordRow;
}

function encodeDedup(row: DedupRow, strings: StringTable): DedupTuple {
  const flat: number[] = [];
  for (const entry of row.entries) {
    flat.push(
      entry.seq,
      entry.outcome,
      entry.t,
      strings.indexOf(entry.node),
      entry.n,
      entry.epoch,
      entry.fingerprint,
      entry.code === undefined ? -1 : strings.indexOf(entry.code),
      entry.concern ?? -1,
    );
  }
  return [strings.indexOf(row.clientId), strings.indexOf(row.session), row.settledBelow, flat];
}

function decodeSlice(row: SliceRow, strings: readonly string[]): PartitionSlice {
  const [pid, epoch, n, records, dedup] = row;
  return {
    pid,
    high: { epoch, n },
    records: records.map((record) => decodeRecord(record, epoch, strings)),
    dedup: dedup.map((tuple) => decodeDedup(tuple, strings)),
  };
}

function decodeRecord(row: RecordRow, sliceEpoch: number, strings: readonly string[]): StoredRecord {
  const [mapIdx, form, key, value, t, nodeIdx, n, tag, ttlMs, ownerIdx, epoch] = row;
  const record: Mutable<StoredRecord> = {
    map: textAt(strings, mapIdx),
    key,
    kind: KINDS[form >> 1] ?? 'LWW',
    value: form & 1 ? undefined : value,
    t,
    node: textAt(strings, nodeIdx),
    epoch: epoch ?? sliceEpoch,
    n,
  };
  if (tag != null) record.tag = tag;
  if (ttlMs != null) record.ttlMs = ttlMs;
  if (ownerIdx != null) record.owner = textAt(strings, ownerIdx);
  return record;
}

function decodeDedup(tuple: DedupTuple, strings: readonly string[]): DedupRow {
  const [clientIdx, sessionIdx, settledBelow, flat] = tuple;
  const entries: DedupEntry[] = [];
  for (let i = 0; i + ENTRY_FIELDS <= flat.length; i += ENTRY_FIELDS) {
    const [seq, outcome, t, nodeIdx, n, epoch, fingerprint, codeIdx, concern] = flat.slice(
      i,
      i + ENTRY_FIELDS,
    ) as [number, DedupEntry['outcome'], number, number, number, number, number, number, number];
    const entry: Mutable<DedupEntry> = {
      seq,
      outcome,
      t,
      node: textAt(strings, nodeIdx),
      n,
      epoch,
      fingerprint,
    };
    if (codeIdx >= 0) entry.code = textAt(strings, codeIdx);
    if (concern >= 0) entry.concern = concern;
    entries.push(entry);
  }
  return {
    clientId: textAt(strings, clientIdx),
    session: textAt(strings, sessionIdx),
    settledBelow,
    entries,
  };
}

function textAt(strings: readonly string[], index: number): string {
  const text = strings[index];
  if (text === undefined)
    throw serverError('STORE_CORRUPT', `A stored chunk names string ${index}, which it does not hold.`);
  return text;
}
