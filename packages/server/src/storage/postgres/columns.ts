import { writeText } from './Ink.js';

/**
 * Columns of rows as PostgreSQL takes arrays in its binary form (`array_recv`): the number of dimensions, a flag for NULLs, the type of the
 * elements, length and lower bound of the one dimension, then each element with its length before it, -1 for NULL. The driver writes arrays as
 * text, of values of any kind and depth: a commit has some thirty values to an op, and both ends would spend most of their time there.
 */

/** Numbers of types in `pg_type`, which are the same in every database. */
const OID = { bool: 16, bytea: 17, int8: 20, int2: 21, text: 25, float8: 701, jsonb: 3802 } as const;

const HEAD = 20;
const NULL_LENGTH = -1;
const TWO_32 = 2 ** 32;
/** before the text of a `jsonb` */
const JSONB_VERSION = 1;

/** What a row has in a column. Loops count: an iterator makes an object of each step, some fifteen to a record. */
type CellOf<T, V> = (row: T) => V;

class Column {
  readonly buffer: Buffer;
  readonly view: DataView;
  at = HEAD;

  constructor(type: number, rows: number, bytes: number) {
    this.buffer = Buffer.allocUnsafe(rows === 0 ? HEAD - 8 : HEAD + 4 * rows + bytes);
    this.view = new DataView(this.buffer.buffer, this.buffer.byteOffset, this.buffer.length);
    // An empty array has no dimension, and no length of one.
    this.view.setInt32(0, rows === 0 ? 0 : 1);
    this.view.setInt32(4, 0);
    this.view.setInt32(8, type);
    if (rows === 0) return;
    this.view.setInt32(12, rows);
    this.view.setInt32(16, 1);
  }

  length(bytes: number): void {
    this.view.setInt32(this.at, bytes);
    this.at += 4;
  }

  /** `version`: a byte before it. */
  text(text: string, version?: number): void {
    const start = this.at;
    this.at += 4;
    if (version !== undefined) this.buffer[this.at++] = version;
    this.at = writeText(this.buffer, text, this.at);
    this.view.setInt32(start, this.at - start - 4);
  }

  null(): void {
    this.view.setInt32(4, 1);
    this.length(NULL_LENGTH);
  }

  /** Room that NULLs and letters of one byte have not needed is cut off. */
  end(): Buffer {
    return this.at >= this.buffer.length || this.buffer.length < HEAD
      ? this.buffer
      : this.buffer.subarray(0, this.at);
  }
}

export function smallints<T>(rows: readonly T[], cellOf: CellOf<T, number>): Buffer {
  const column = new Column(OID.int2, rows.length, 2 * rows.length);
  for (let at = 0; at < rows.length; at++) {
    column.length(2);
    column.view.setInt16(column.at, cellOf(rows[at] as T));
    column.at += 2;
  }
  return column.end();
}

/** Whole numbers within 2^53. */
export const bigints = <T>(rows: readonly T[], cellOf: CellOf<T, number | null>): Buffer =>
  eightBytes(OID.int8, rows, cellOf, (view, at, cell) => {
    const high = Math.floor(cell / TWO_32);
    view.setInt32(at, high);
    view.setUint32(at + 4, cell - high * TWO_32);
  });

export const doubles = <T>(rows: readonly T[], cellOf: CellOf<T, number | null>): Buffer =>
  eightBytes(OID.float8, rows, cellOf, (view, at, cell) => view.setFloat64(at, cell));

function eightBytes<T>(
  type: number,
  rows: readonly T[],
  cellOf: CellOf<T, number | null>,
  write: (view: DataView, at: number, cell: number) => void,
): Buffer {
  const column = new Column(type, rows.length, 8 * rows.length);
  for (let at = 0; at < rows.length; at++) {
    const cell = cellOf(rows[at] as T);
    if (cell === null) {
      column.null();
      continue;
    }
    column.length(8);
    write(column.view, column.at, cell);
    column.at += 8;
  }
  return column.end();
}

export function booleans<T>(rows: readonly T[], cellOf: CellOf<T, boolean>): Buffer {
  const column = new Column(OID.bool, rows.length, rows.length);
  for (let at = 0; at < rows.length; at++) {
    column.length(1);
    column.view.setUint8(column.at++, Number(cellOf(rows[at] as T)));
  }
  return column.end();
}

/** Bytes, and texts as their UTF-8. */
export function bytesOf<T>(rows: readonly T[], cellOf: CellOf<T, Uint8Array | string | null>): Buffer {
  const cells = rows.map(cellOf);
  const column = new Column(OID.bytea, rows.length, roomFor(cells));
  for (let at = 0; at < cells.length; at++) {
    const cell = cells[at] ?? null;
    if (cell === null) column.null();
    else if (typeof cell === 'string') column.text(cell);
    else {
      column.length(cell.length);
      column.buffer.set(cell, column.at);
      column.at += cell.length;
    }
  }
  return column.end();
}

export function texts<T>(rows: readonly T[], cellOf: CellOf<T, string>): Buffer {
  const cells = rows.map(cellOf);
  const column = new Column(OID.text, rows.length, roomFor(cells));
  for (let at = 0; at < cells.length; at++) column.text(cells[at] as string);
  return column.end();
}

/** Texts of JSON. */
export function jsons<T>(rows: readonly T[], cellOf: CellOf<T, string>): Buffer {
  const cells = rows.map(cellOf);
  const column = new Column(OID.jsonb, rows.length, rows.length + roomFor(cells));
  for (let at = 0; at < cells.length; at++) column.text(cells[at] as string, JSONB_VERSION);
  return column.end();
}

/** Three bytes for a letter, which is the most that UTF-8 takes for one. */
function roomFor(cells: readonly (Uint8Array | string | null)[]): number {
  let bytes = 0;
  for (let at = 0; at < cells.length; at++) {
    const cell = cells[at] ?? '';
    bytes += typeof cell === 'string' ? 3 * cell.length : cell.length;
  }
  return bytes;
}
