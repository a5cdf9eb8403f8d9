import type { ExportRow } from '@topgun/server';
import { cliError } from '../cliErrors.js';

/** Fields of all rows together, at most. */
export const CSV_FIELDS_MAX = 1_000;

/** Rows of a map of one value per key as CSV (EXP-3). Throws EXPORT_CSV for rows that have no columns. */
export function csvLines(rows: readonly ExportRow[], fields: readonly string[]): string {
  return rows
    .map((row) => csvLine([row.key, ...fields.map((field) => cellOf(fieldsOf(row)[field]))]))
    .join('');
}

export const csvHead = (fields: readonly string[]): string => csvLine(['_key', ...fields]);

/** The fields of a row. Throws EXPORT_CSV. */
export function fieldsOf(row: ExportRow): Readonly<Record<string, unknown>> {
  const value = 'value' in row ? row.value : undefined;
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw cliError('EXPORT_CSV', `${row.map}/${row.key} is no record with fields.`);
}

function cellOf(value: unknown): string {
  if (value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

const csvLine = (cells: readonly string[]): string => `${cells.map(quoted).join(',')}\n`;

const quoted = (cell: string): string => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
