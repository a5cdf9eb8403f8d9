import { isPlain } from '../value/isPlain.js';
import type { TextQuery } from './TextIndex.js';
import { textError } from './textErrors.js';
import { tokenize } from './tokenize.js';

/** What is searched for, as apps write it. */
export interface TextSearchOptions {
  /** What a person typed: words in any case, with or without diacritics. */
  readonly query: string;
  /** The paths that are searched, with their boosts: `{ title: 2, body: 1 }`. */
  readonly fields: Readonly<Record<string, number>>;
  /** Most hits, 1 to 1,000; 20 when left out. */
  readonly limit?: number;
  /** Hits that score less are left out; 0 when left out. Scores compare within one search, not between two. */
  readonly minScore?: number;
  /** Finds words by their beginning: all of them, or the `'last'`, the one being typed. False when left out. */
  readonly prefix?: boolean | 'last';
  /** How many differences are forgiven in words of six code units and more; in shorter ones at most one. 0 when left out. */
  readonly fuzzy?: 0 | 1 | 2;
  /** Whether one word of the query is enough (`'any'`, the default) or each must be found. */
  readonly combine?: 'any' | 'all';
}

/** A search ready for an index over `paths`. */
export interface NormalizedTextQuery extends TextQuery {
  /** In code unit order, so that searches of the same fields share an index. */
  readonly paths: readonly string[];
}

/** Bounds of a search, so that one costs what a person can ask. Boosts are bounded because sums of scores are exact to 2^29. */
export const TEXT_LIMITS = {
  queryLength: 1_024,
  terms: 32,
  fields: 16,
  boost: 100,
  hits: 1_000,
} as const;

const HITS_DEFAULT = 20;
const PREFIXES: ReadonlyMap<unknown, TextQuery['prefix']> = new Map<unknown, TextQuery['prefix']>([
  [undefined, 'none'],
  [false, 'none'],
  ['last', 'last'],
  [true, 'all'],
]);

/** The search of these options, checked. Throws `SEARCH_INVALID`. */
export function normalizeTextQuery(options: TextSearchOptions): NormalizedTextQuery {
  const { query, limit = HITS_DEFAULT, minScore = 0, fuzzy = 0, combine = 'any' } = options;
  const fields = fieldsOf(options.fields);
  const prefix = PREFIXES.get(options.prefix);
  check(typeof query === 'string' && query.length <= TEXT_LIMITS.queryLength, 'query', query);
  check(Number.isSafeInteger(limit) && limit >= 1 && limit <= TEXT_LIMITS.hits, 'limit', limit);
  check(typeof minScore === 'number' && minScore >= 0 && minScore < Infinity, 'minScore', minScore);
  check(fuzzy === 0 || fuzzy === 1 || fuzzy === 2, 'fuzzy', fuzzy);
  check(combine === 'any' || combine === 'all', 'combine', combine);
  if (prefix === undefined) throw invalid('prefix', options.prefix);
  const terms = [...new Set(tokenize(query).map(({ term }) => term))];
  if (terms.length > TEXT_LIMITS.terms)
    throw textError(
      'SEARCH_INVALID',
      `A search has at most ${TEXT_LIMITS.terms} words, not ${terms.length}.`,
    );
  const [paths, boosts] = [fields.map(([path]) => path), fields.map(([, boost]) => boost)];
  return { paths, boosts, terms, prefix, fuzzy, combine, minScore, limit };
}

function fieldsOf(declared: unknown): [path: string, boost: number][] {
  const fields = isPlain(declared) ? Object.entries(declared) : [];
  if (fields.length === 0 || fields.length > TEXT_LIMITS.fields)
    throw textError(
      'SEARCH_INVALID',
      `A search has 1 to ${TEXT_LIMITS.fields} fields, not ${fields.length}.`,
    );
  for (const [path, boost] of fields)
    check(typeof boost === 'number' && boost > 0 && boost <= TEXT_LIMITS.boost, `fields['${path}']`, boost);
  return (fields as [string, number][]).sort(([a], [b]) => (a < b ? -1 : 1));
}

function check(holds: boolean, option: string, found: unknown): void {
  if (!holds) throw invalid(option, found);
}

function invalid(option: string, found: unknown): Error {
  const shown = typeof found === 'string' ? `a text of ${found.length} code units` : String(found);
  return textError('SEARCH_INVALID', `The option ${option} of a search cannot be ${shown}.`);
}
