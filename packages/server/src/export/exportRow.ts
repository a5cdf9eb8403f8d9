import { millisOf } from '@topgun/core';
import { valueToJson } from '@topgun/protocol';
import type { StoredRecord } from '../storage/Store.js';

/** A row of an export (EXP-1); values as `valueToJson` writes them. */
export type ExportRow = {
  readonly map: string;
  readonly key: string;
  /** ms since the epoch; for ever when left out */
  readonly expiresAt?: number;
} & (
  | { readonly value: unknown }
  | { readonly tag: string; readonly element: unknown }
  | { readonly total: number }
);

/** A present row; `seen` is what is shown of it, of a counter its total. */
export function exportRow(record: StoredRecord, seen: unknown): ExportRow {
  const { map, key, tag, kind, t, ttlMs } = record;
  const expires = ttlMs === undefined ? {} : { expiresAt: millisOf(t) + ttlMs };
  if (kind === 'PN') return { map, key, total: seen as number };
  if (tag !== undefined) return { map, key, tag, element: valueToJson(seen), ...expires };
  return { map, key, value: valueToJson(seen), ...expires };
}
