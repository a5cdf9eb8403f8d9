import { parsePath } from '../query/path.js';
import { fieldTexts } from './fieldTexts.js';
import { tokenize } from './tokenize.js';

/** From where to where in a text, in code units; the end is exclusive. */
export type TextRange = readonly [start: number, end: number];

/** Where the words of a hit stand in one of its texts. */
export interface Highlight {
  /** The path of the text: `title`, or `tags.0` for an item of an array. */
  readonly path: string;
  /** In order, not overlapping. */
  readonly ranges: readonly TextRange[];
}

/** Where these terms stand in the texts of a record (SRCH-9); texts without any are left out. */
export function highlightsOf(
  value: unknown,
  paths: readonly string[],
  terms: readonly string[],
): Highlight[] {
  const wanted = new Set(terms);
  return paths.flatMap((path) =>
    fieldTexts(value, path, parsePath(path)).flatMap((field) => {
      const ranges = tokenize(field.text).flatMap(({ term, start, end }): TextRange[] =>
        wanted.has(term) ? [[start, end]] : [],
      );
      return ranges.length === 0 ? [] : [{ path: field.path, ranges }];
    }),
  );
}
