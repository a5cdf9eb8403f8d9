import { rowKey } from '@topgun/core';
import {
  type BulkRow,
  type BulkTables,
  type ChangeRow,
  FORM_COUNT,
  type Form,
  KINDS,
  type Kind,
  type OpCode,
} from '@topgun/protocol';

/** A place in a partition's history: offsets are ordered by epoch, then n (RES-1). */
export interface Offset {
  readonly epoch: number;
  readonly n: number;
}

/** What the server said about one item. In base only live forms occur; a gone form only passes through. */
export interface BaseRow extends Offset {
  readonly form: Form;
  readonly key: string;
  readonly t: number;
  readonly node: string;
  readonly value: unknown;
  readonly ttlMs: number | undefined;
  readonly tag: string | undefined;
  /** The queries that hold this row on a map without whole-map scope (DEV-3). */
  readonly holds: readonly string[];
}

/** Negative when `a` lies before `b`. */
export const compareOffsets = (a: Offset, b: Offset): number => a.epoch - b.epoch || a.n - b.n;

/** LWW_GONE and OR_GONE are the odd forms. */
export const isGone = (row: BaseRow): boolean => (row.form & 1) === 1;

/** The key under which a row stands in base, tree and store: the record key, for OR elements with the tag. */
export const itemOf = (row: { readonly key: string; readonly tag?: string | undefined }): string =>
  row.tag === undefined ? row.key : rowKey(row.key, row.tag);

/** The kind of map that a row of this form belongs to, or a write: a write has the number of the form it makes. A transaction has none. */
export const kindOf = (code: Form | OpCode): Kind => KINDS[code >> 1] as Kind;

const NO_HOLDS: readonly string[] = [];

/** The parts of a row in the order of the store. */
type StoredRow = [
  form: Form,
  key: string,
  epoch: number,
  n: number,
  t: number,
  node: string,
  value: unknown,
  ttlMs?: number | null | undefined,
  tag?: string | null | undefined,
  holds?: readonly string[],
];

const makeRow = (...[form, key, epoch, n, t, node, value, ttlMs, tag, holds]: StoredRow): BaseRow => ({
  form,
  key,
  epoch,
  n,
  t,
  node,
  value,
  ttlMs: ttlMs ?? undefined,
  tag: tag ?? undefined,
  holds: holds ?? NO_HOLDS,
});

export const rowFromWire = (row: ChangeRow, nodes: readonly string[], epoch: number): BaseRow =>
  makeRow(row[0], row[1], row[8] ?? epoch, row[2], row[3], nodes[row[4]] ?? '', row[5], row[6], row[7]);

/** A row of a bulk frame; its value may come as the fields of a shape that the frame names once. */
export function rowFromBulk(row: BulkRow, { epoch, t, nodes, shapes }: BulkTables): BaseRow {
  const [form, key, n, dt, node, value, ttlMs, tag, ownEpoch] = row;
  const fields = value as readonly unknown[];
  const shape = shapes[Math.floor(form / FORM_COUNT) - 1];
  const whole = shape ? Object.fromEntries(shape.map((name, i) => [name, fields[i]])) : value;
  const plain = (form % FORM_COUNT) as Form;
  return makeRow(plain, key, ownEpoch ?? epoch, n, t + dt, nodes[node] ?? '', whole, ttlMs, tag);
}

/** `[form, key, epoch, n, t, node, value, ttlMs, tag, holds]`, trailing absent parts left out. */
export function rowToStore({ form, key, epoch, n, t, node, value, ttlMs, tag, holds }: BaseRow): unknown[] {
  const stored = [form, key, epoch, n, t, node, value, ttlMs ?? null, tag ?? null, holds];
  return holds.length > 0 ? stored : stored.slice(0, tag ? 9 : ttlMs ? 8 : 7);
}

// Written by rowToStore of this or an older release; the layout has one owner, this file.
export const rowFromStore = (stored: unknown): BaseRow => makeRow(...(stored as StoredRow));

/** What the store keeps of a map besides its rows. */
export interface StoredMap {
  readonly kind: Kind;
  readonly hasResolver?: boolean | undefined;
  readonly isVolatile?: boolean | undefined;
  /** The life of the server's store in which base was last equal to it. */
  readonly incarnation?: string | undefined;
}

/** What is not known yet is left out. */
export const mapToStore = ({ kind, hasResolver, isVolatile, incarnation }: StoredMap): StoredMap => ({
  kind,
  ...(hasResolver !== undefined && { hasResolver }),
  ...(isVolatile && { isVolatile }),
  ...(incarnation !== undefined && { incarnation }),
});

/** Total of a counter row; 0 without one. */
export function counterTotal(row: BaseRow | undefined): number {
  // The value of a COUNTER row is [positiveTotal, negativeTotal].
  const totals = row && kindOf(row.form) === 'PN' ? (row.value as readonly [number, number]) : [0, 0];
  return (totals[0] ?? 0) - (totals[1] ?? 0);
}
