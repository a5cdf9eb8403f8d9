import type { TextQuery } from '@topgun/core';
import { type FoundTerms, foundAs } from './foundAs.js';
import type { Postings } from './Postings.js';

/** Scores are counted in these parts of 1, in whole numbers, so that their sum is the same in any order (decision 0028). */
export const SCORE_PARTS = 2 ** 24;
/** Logarithms are rounded to these parts of 1: platforms may compute their last digit differently. */
const LOG_PARTS = 2 ** 20;

const K1 = 1.2;
const B = 0.75;

/** What documents earn by one term of the query in one field. */
export interface Clause {
  /** The place of the term in the query. */
  readonly word: number;
  readonly field: number;
  /** The terms of the index that it is found as. */
  readonly found: FoundTerms;
  readonly boost: number;
  /** Documents with the most frequent of them in this field. */
  readonly frequency: number;
  readonly idf: number;
  readonly averageLength: number;
}

/** By term of the query and field; without those that no document earns anything by. */
export function clausesOf(postings: Postings, query: TextQuery): Clause[] {
  return query.terms.flatMap((_, word) => {
    const found = foundAs(postings.vocabulary, query, word);
    return query.boosts.flatMap((boost, field): Clause[] => {
      let frequency = 0;
      for (const term of found.terms) frequency = Math.max(frequency, term.fields[field]?.size ?? 0);
      if (frequency === 0) return [];
      const idf = idfOf(frequency, postings.size);
      return [{ word, field, found, boost, frequency, idf, averageLength: postings.averageLength(field) }];
    });
  });
}

/** What a document earns by a clause with a term that stands `tf` times in a field of `length` words, in parts of 1: BM25 (SRCH-6). */
export function partsOf(
  { boost, idf, averageLength }: Clause,
  weight: number,
  tf: number,
  length: number,
): number {
  const saturation = (tf * (K1 + 1)) / (tf + K1 * (1 - B + (B * length) / averageLength));
  return Math.round(boost * weight * idf * saturation * SCORE_PARTS);
}

const idfOf = (frequency: number, documents: number): number =>
  Math.round(Math.log(1 + (documents - frequency + 0.5) / (frequency + 0.5)) * LOG_PARTS) / LOG_PARTS;
