/**
 * The file of a store: records one behind the other, nothing between them.
 *
 *   bytes  0..3   length of the payload, little endian
 *   bytes  4..7   crc32 of the payload
 *   bytes  8..15  commit number, a float64
 *   bytes 16..19  crc32 of bytes 0..15
 *   then          the payload, MessagePack
 *
 * The head has a checksum of its own: a flipped bit in the length would otherwise look like a record that was cut off, and
 * be dropped with everything behind it. The first record is a SNAPSHOT and says how many rows follow in ROWS records; each
 * record behind those is one transaction (TX), its commit number one more than that before it.
 */
import { crc32 } from 'node:zlib';
import type { StoreKey } from '@topgun/client';
import { storageError } from '@topgun/client';
import { deserialize, LIMITS, serialize } from '@topgun/protocol';

const HEAD_BYTES = 20;
/** What a disk writes or loses as one piece. */
const SECTOR_BYTES = 512;

/** A row on its way to or from the file: the value is MessagePack of its own, decoded when somebody reads it. */
export type PackedRow = readonly [key: StoreKey, value: Uint8Array];

export type RecordBody =
  | readonly ['snapshot', layout: number, rows: number]
  | readonly ['rows', rows: readonly PackedRow[]]
  | readonly ['tx', puts: readonly PackedRow[], deletes: readonly StoreKey[]];

export interface StoredRecord {
  readonly commit: number;
  readonly body: RecordBody;
}

/** How reading a file ended: at its end, before a write that a crash had cut off, or at damage. */
export interface Ending {
  readonly end: 'whole' | 'torn' | 'damaged';
  /** Byte behind the last good record. */
  readonly at: number;
}

/** Throws `STORAGE_VALUE` for more than could be read back at once. */
export function packRecord(commit: number, body: RecordBody): Buffer {
  const payload = serialize(body);
  if (payload.length > LIMITS.storedBytes) {
    throw storageError(
      'STORAGE_VALUE',
      `A transaction of ${payload.length} bytes; ${LIMITS.storedBytes} fit`,
    );
  }
  const record = Buffer.allocUnsafe(HEAD_BYTES + payload.length);
  record.writeUInt32LE(payload.length, 0);
  record.writeUInt32LE(crc32(payload), 4);
  record.writeDoubleLE(commit, 8);
  record.writeUInt32LE(crc32(record.subarray(0, 16)), 16);
  record.set(payload, HEAD_BYTES);
  return record;
}

/**
 * Visits the good records of a file in order.
 *
 * A crash can cut off the last write only: the file ends inside a record, or, after a power cut, sectors of it were never
 * written and read as zeros. Anything else that does not match its checksum is damage to what had been stored.
 */
export function readRecords(file: Buffer, visit: (record: StoredRecord, end: number) => void): Ending {
  let at = 0;
  while (at < file.length) {
    const bodyAt = at + HEAD_BYTES;
    if (bodyAt > file.length) return { end: 'torn', at };
    if (file.readUInt32LE(at + 16) !== crc32(file.subarray(at, at + 16))) {
      return { end: isBlank(file, at, bodyAt) ? 'torn' : 'damaged', at };
    }
    const next = bodyAt + file.readUInt32LE(at);
    if (next > file.length) return { end: 'torn', at };
    const payload = file.subarray(bodyAt, next);
    if (file.readUInt32LE(at + 4) !== crc32(payload)) {
      const isLast = next === file.length;
      return { end: isLast && hasBlankSector(file, bodyAt, next) ? 'torn' : 'damaged', at };
    }
    // The checksum vouches for what packRecord of this or an older release wrote.
    visit({ commit: file.readDoubleLE(at + 8), body: deserialize(payload) as RecordBody }, next);
    at = next;
  }
  return { end: 'whole', at };
}

/** A head that was never written: zeros, and nothing but zeros behind it. */
function isBlank(file: Buffer, from: number, to: number): boolean {
  return isZero(file, from, to) && isZero(file, to, file.length);
}

/** Whether one of the sectors that the bytes lie in holds none of them: zeros from its start, or theirs, to its end, or theirs. */
function hasBlankSector(file: Buffer, from: number, to: number): boolean {
  for (let start = from - (from % SECTOR_BYTES); start < to; start += SECTOR_BYTES) {
    const [first, last] = [Math.max(start, from), Math.min(start + SECTOR_BYTES, to)];
    if (last - first > HEAD_BYTES && isZero(file, first, last)) return true;
  }
  return false;
}

function isZero(file: Buffer, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (file[i] !== 0) return false;
  return true;
}
