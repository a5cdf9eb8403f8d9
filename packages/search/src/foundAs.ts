import type { TextQuery } from '@topgun/core';
import type { Term, Vocabulary } from './Vocabulary.js';

const PREFIX_WEIGHT = 0.375;
const FUZZY_WEIGHT = 0.45;
/** A code unit more after the prefix counts less than one that differs. */
const PREFIX_STEP = 0.3;

/**
 * The terms of the index that a term of the query is found as, with their weights (SRCH-4, SRCH-5, SRCH-6): the better one of
 * two ways counts.
 */
export function foundAs(
  vocabulary: Vocabulary,
  { terms, prefix, fuzzy }: TextQuery,
  word: number,
): Map<Term, number> {
  const text = terms[word] as string;
  const found = new Map<Term, number>();
  const exact = vocabulary.get(text);
  if (exact) found.set(exact, 1);
  const differences = Math.min(fuzzy, forgivenAt(text.length));
  if (differences > 0) {
    for (const [term, distance] of vocabulary.similarTo(text, differences)) {
      const { length } = term.text;
      if (distance > 0) found.set(term, (FUZZY_WEIGHT * length) / (length + distance));
    }
  }
  if (prefix === 'all' || (prefix === 'last' && word === terms.length - 1)) {
    for (const term of vocabulary.beginningWith(text)) {
      const { length } = term.text;
      const weight = (PREFIX_WEIGHT * length) / (length + PREFIX_STEP * (length - text.length));
      if (weight > (found.get(term) ?? 0)) found.set(term, weight);
    }
  }
  return found;
}

/** A short word with a difference is another word. */
const forgivenAt = (length: number): number => (length < 3 ? 0 : length < 6 ? 1 : 2);
