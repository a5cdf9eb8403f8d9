import { crc32 } from 'node:zlib';
import { deserialize, serialize } from '@topgun/protocol';
import { serverError } from '../../errors.js';
import type { PartitionState } from '../PartitionState.js';
import type { CommitBatch, GcMarks, MetaRow, Offset, PartitionSlice } from '../Store.js';
import { ByteReader } from './ByteReader.js';
import { ByteWriter } from './ByteWriter.js';
import { absorbEarlierDedup, readDedup, writeDedup } from './dedupCodec.js';
import { absorbRecord, readRecord, writeRecord } from './recordCodec.js';
import { Strings, StringTable } from './StringTable.js';

/**
 * The bytes of one chunk: a log chunk holds a whole commit, a snapshot chunk one merged slice.
 *
 *   byte 0      layout of what follows: 1 a single value, 2 a commit
 *   bytes 1..4  crc32 of what follows, little endian
 *
 *   value       msgpack
 *   commit      u32 where the strings begin, count of slices, slices, count of strings, strings, msgpack of the meta rows
 *   slice       pid, epoch and n of its high, 0, 1 or 2 and the gc marks, count of records and of dedup rows, u32 length of
 *               both, records, dedup rows
 *   gc marks    time and node of the floor, epoch and n of the offset, behind 2 the latest repair
 *
 * Counts and small numbers are uints, times and hashes floats. Strings that repeat (maps, nodes, clients, sessions,
 * owners, codes) are numbers into `strings`.
 *
 * Everything about a record can be read without its value, and a slice can be passed over: folding a long log looks at
 * heads and copies bytes, and the same record decoded and encoded whole would cost several times as much.
 */
const VALUE_LAYOUT = 1;
const COMMIT_LAYOUT = 2;
const HEADER_BYTES = 5;
/** What a record or a dedup row takes, roughly; too little costs a copy. */
const ROW_BYTES = 128;

/** Wraps any admitted value with layout and checksum. */
export function sealChunk(value: unknown): Buffer {
  const body = serialize(value);
  const chunk = Buffer.allocUnsafe(HEADER_BYTES + body.length);
  chunk.set(body, HEADER_BYTES);
  return seal(chunk, VALUE_LAYOUT);
}

/** Unwraps what `sealChunk` made. Throws STORE_CORRUPT, naming `where`, when a single bit is off. */
export function openChunk(chunk: Buffer, where: string): unknown {
  verify(chunk, VALUE_LAYOUT, where);
  return deserialize(chunk.subarray(HEADER_BYTES));
}

export function encodeCommit(batch: CommitBatch): Buffer {
  const rows = batch.slices.reduce((sum, { records, dedup }) => sum + records.length + dedup.length, 1);
  const writer = new ByteWriter(HEADER_BYTES, rows * ROW_BYTES);
  const strings = new StringTable();
  const stringsAt = writer.gap();
  writer.uint(batch.slices.length);
  for (const slice of batch.slices) writeSlice(writer, strings, slice);
  writer.patch(stringsAt, writer.at);
  writer.uint(strings.list.length);
  for (const text of strings.list) writer.text(text);
  writer.blob(serialize(batch.meta.map(({ name, value }) => [name, value])));
  return seal(writer.end(), COMMIT_LAYOUT);
}

/** A commit whose slices are read one by one, when somebody asks. */
export interface OpenedCommit {
  readonly slices: readonly PackedSlice[];
  readonly meta: readonly MetaRow[];
}

/** Opens what `encodeCommit` made. Throws STORE_CORRUPT, naming `where`, when a single bit is off. */
export function openCommit(chunk: Buffer, where: string): OpenedCommit {
  verify(chunk, COMMIT_LAYOUT, where);
  const reader = new ByteReader(chunk, HEADER_BYTES);
  const tail = new ByteReader(chunk, reader.gap());
  const strings = new Strings(listOf(tail.uint(), () => tail.text()));
  const metaBytes = tail.uint();
  const meta = deserialize(chunk.subarray(tail.at, tail.at + metaBytes)) as [string, unknown][];
  return {
    slices: listOf(reader.uint(), () => new PackedSlice(reader, strings)),
    meta: meta.map(([name, value]) => ({ name, value })),
  };
}

/** One slice of an opened commit. */
export class PackedSlice {
  readonly pid: number;
  readonly high: Offset;
  readonly gc: GcMarks | undefined;
  readonly #records: number;
  readonly #dedup: number;
  readonly #bytes: Buffer;
  readonly #from: number;
  readonly #strings: Strings;

  /** Takes the head of a slice in and passes over its rows. */
  constructor(reader: ByteReader, strings: Strings) {
    this.pid = reader.uint();
    this.high = { epoch: reader.uint(), n: reader.uint() };
    const marks = reader.byte();
    this.gc = marks === 0 ? undefined : readGc(reader, strings, marks === 2);
    this.#records = reader.uint();
    this.#dedup = reader.uint();
    const length = reader.gap();
    this.#bytes = reader.bytes;
    this.#from = reader.at;
    this.#strings = strings;
    reader.skip(length);
  }

  /** Records and dedup rows. */
  get rows(): number {
    return this.#records + this.#dedup;
  }

  read(): PartitionSlice {
    const { pid, high, gc } = this;
    const reader = new ByteReader(this.#bytes, this.#from);
    return {
      pid,
      high,
      ...(gc && { gc }),
      records: listOf(this.#records, () => readRecord(reader, this.#strings, high.epoch)),
      dedup: listOf(this.#dedup, () => readDedup(reader, this.#strings, high.epoch)),
    };
  }

  /** Merges it into a state that holds the slices after it and none before. */
  absorbEarlier(state: PartitionState): void {
    const { epoch } = this.high;
    const reader = new ByteReader(this.#bytes, this.#from);
    for (let i = 0; i < this.#records; i++) absorbRecord(reader, this.#strings, epoch, state);
    for (let i = 0; i < this.#dedup; i++) absorbEarlierDedup(reader, this.#strings, epoch, state);
    state.raise(this.high);
    state.raiseGc(this.gc);
  }
}

function writeSlice(writer: ByteWriter, strings: StringTable, slice: PartitionSlice): void {
  const { pid, high, gc, records, dedup } = slice;
  writer.uint(pid);
  writer.uint(high.epoch);
  writer.uint(high.n);
  writer.byte(gc === undefined ? 0 : gc.repaired === undefined ? 1 : 2);
  if (gc !== undefined) {
    writer.float(gc.floor.t);
    writer.uint(strings.indexOf(gc.floor.node));
    writer.uint(gc.offset.epoch);
    writer.uint(gc.offset.n);
    if (gc.repaired !== undefined) writer.uint(gc.repaired);
  }
  writer.uint(records.length);
  writer.uint(dedup.length);
  const length = writer.gap();
  const from = writer.at;
  for (const record of records) writeRecord(writer, strings, record, high.epoch);
  for (const row of dedup) writeDedup(writer, strings, row, high.epoch);
  writer.patch(length, writer.at - from);
}

function readGc(reader: ByteReader, strings: Strings, isRepaired: boolean): GcMarks {
  const floor = { t: reader.float(), node: strings.at(reader.uint()) };
  const offset = { epoch: reader.uint(), n: reader.uint() };
  return isRepaired ? { floor, offset, repaired: reader.uint() } : { floor, offset };
}

/** As `Array.from`, which takes many times as long. */
function listOf<T>(length: number, next: () => T): T[] {
  const list: T[] = [];
  for (let i = 0; i < length; i++) list.push(next());
  return list;
}

function seal(chunk: Buffer, layout: number): Buffer {
  chunk[0] = layout;
  chunk.writeUInt32LE(crc32(chunk.subarray(HEADER_BYTES)), 1);
  return chunk;
}

function verify(chunk: Buffer, layout: number, where: string): void {
  const isWhole =
    chunk.length > HEADER_BYTES &&
    chunk[0] === layout &&
    chunk.readUInt32LE(1) === crc32(chunk.subarray(HEADER_BYTES));
  if (!isWhole) throw serverError('STORE_CORRUPT', `The checksum of ${where} does not match its content.`);
}
