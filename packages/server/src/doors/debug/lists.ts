import { wrong } from '../export.js';
import type { HttpAnswer } from '../Route.js';

const FORMATS = ['json', 'ndjson', 'csv'] as const;
type Format = (typeof FORMATS)[number];

/** Throws 400. */
export function formatIn(text: string | null): Format {
  const format = FORMATS.find((name) => name === (text ?? 'json'));
  if (format === undefined) throw wrong('format', FORMATS.join(', '));
  return format;
}

/** A list in the format asked for (DBG-9); `rest` goes beside it in JSON. */
export function listAnswer(
  name: string,
  rows: readonly object[],
  next: string | undefined,
  format: Format,
  rest: object = {},
): HttpAnswer {
  if (format === 'json') return { status: 200, body: { ...rest, [name]: rows, next } };
  const headers = next === undefined ? {} : { 'TopGun-Next': next };
  const content = format === 'csv' ? csvOf(rows) : rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  const contentType = format === 'csv' ? 'text/csv; charset=utf-8' : 'application/x-ndjson; charset=utf-8';
  return { status: 200, contentType, content, headers };
}

/** Columns are all names there are, in the order of their first row; what is no text, number or truth value is JSON. */
export function csvOf(rows: readonly object[]): string {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const lines = rows.map((row) =>
    names.map((name) => cell((row as Record<string, unknown>)[name])).join(','),
  );
  return [names.map(cell).join(','), ...lines, ''].join('\n');
}

function cell(value: unknown): string {
  if (value === undefined || value === null) return '';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
