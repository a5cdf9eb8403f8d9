import { readPath } from '../query/path.js';

/** One text of a record. */
export interface FieldText {
  /** The path of the text itself: `title`, or `tags.0` for an item of an array. */
  readonly path: string;
  readonly text: string;
}

/** The texts of a field (SRCH-1): a string, or the strings of an array. `segments` are those of `path`. */
export function fieldTexts(value: unknown, path: string, segments: readonly string[]): FieldText[] {
  const found = readPath(value, segments);
  if (typeof found === 'string') return [{ path, text: found }];
  if (!Array.isArray(found)) return [];
  return found.flatMap((item: unknown, i) =>
    typeof item === 'string' ? [{ path: path === '' ? String(i) : `${path}.${i}`, text: item }] : [],
  );
}
