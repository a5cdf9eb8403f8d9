import { createReadStream } from 'node:fs';
import { cliError } from '../cliErrors.js';
import { ArrayReader } from './ArrayReader.js';
import { CsvReader } from './CsvReader.js';
import { LineReader } from './LineReader.js';
import type { Found, RecordReader } from './RecordReader.js';

export const formats = ['json', 'ndjson', 'csv'] as const;
export type Format = (typeof formats)[number];

const byEnding: Readonly<Record<string, Format>> = {
  json: 'json',
  ndjson: 'ndjson',
  jsonl: 'ndjson',
  csv: 'csv',
};

/** The format that the ending of a file's name stands for. */
export const formatOf = (path: string): Format | undefined =>
  byEnding[path.slice(path.lastIndexOf('.') + 1).toLowerCase()];

/**
 * What a file holds, in order, read as the caller asks for it. A byte order mark is skipped.
 * Throws `FILE_UNREADABLE`, and `IMPORT_FILE_INVALID` when the text is not UTF-8 or not of the format.
 */
export async function* readRecords(
  path: string,
  format: Format,
  textFields: readonly string[],
): AsyncGenerator<Found> {
  const reader = readerOf(format, textFields);
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const decode = (bytes?: Uint8Array): string => {
    try {
      return bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true });
    } catch (error) {
      throw cliError('IMPORT_FILE_INVALID', `${path} is not UTF-8.`, error);
    }
  };
  for await (const bytes of bytesOf(path)) yield* reader.feed(decode(bytes));
  yield* reader.feed(decode());
  yield* reader.end();
}

async function* bytesOf(path: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const bytes of createReadStream(path)) yield bytes as Uint8Array;
  } catch (error) {
    throw cliError('FILE_UNREADABLE', `Cannot read ${path}.`, error);
  }
}

function readerOf(format: Format, textFields: readonly string[]): RecordReader {
  if (format === 'csv') return new CsvReader(textFields);
  return format === 'json' ? new ArrayReader() : new LineReader();
}
