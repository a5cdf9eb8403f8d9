import type { TextQuery } from '@topgun/core';
import type { Term, Vocabulary } from './Vocabulary.js';

/** The terms of an index that a term of the query is found as, each once, with their weights at the same places. */
export interface FoundTerms {
  readonly terms: Term[];
  readonly weights: number[];
}

const PREFIX_WEIGHT = 0.375;
const FUZZY_WEIGHT = 0.45;
/** A code unit more after the prefix counts less than one that differs. */
const PREFIX_STEP = 0.3;

/** What a term of the query is found as (SRCH-4, SRCH-5, SRCH-6): the better one of two ways counts. */
export function foundAs(
  vocabulary: Vocabulary,
  { terms, prefix, fuzzy }: TextQuery,
  word: number,
): FoundTerms {
  const text = terms[word] as string;
  const better = new Map<Term, number>();
  const exact = vocabulary.get(text);
  if (exact) better.set(exact, 1);
  const differences = Math.min(fuzzy, forgivenAt(text.length));
  if (differences > 0) {
    for (const [term, distance] of vocabulary.similarTo(text, differences)) {
      const { length } = term.text;
      if (distance > 0) better.set(term, (FUZZY_WEIGHT * length) / (length + distance));
    }
  }
  const found: FoundTerms = { terms: [], weights: [] };
  const add = (term: Term, weight: number): void => {
    found.terms.push(term);
    found.weights.push(weight);
  };
  if (prefix === 'all' || (prefix === 'last' && word === terms.length - 1)) {
    vocabulary.beginningWith(text, (term) => {
      const { length } = term.text;
      const weight = (PREFIX_WEIGHT * length) / (length + PREFIX_STEP * (length - text.length));
      const other = better.get(term);
      if (other === undefined) add(term, weight);
      else if (weight > other) better.set(term, weight);
    });
  }
  for (const [term, weight] of better) add(term, weight);
  return found;
}

/** A short word with a difference is another word. */
const forgivenAt = (length: number): number => (length < 3 ? 0 : length < 6 ? 1 : 2);
