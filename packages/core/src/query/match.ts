import { ASCII, tokenize } from '../text/tokenize.js';
import type { LeafOf } from './PredicateNode.js';

/**
 * Whether a field holds all terms of a text: the field is a text, or a list whose texts count together. With `prefix` the last
 * term may be the beginning of one, as it is while somebody types. A text without terms is met by every such field.
 *
 * Terms are those of the text index, so that a result never depends on whether there is one.
 */
export function compileMatch({ text, prefix = false }: LeafOf<'match'>): (field: unknown) => boolean {
  const wanted = tokenize(text).map(({ term }) => term);
  const begun = prefix ? wanted.pop() : undefined;
  return (field) => {
    if (typeof field !== 'string' && !Array.isArray(field)) return false;
    if (typeof field === 'string' && isRuledOut(field, wanted, begun)) return false;
    const terms = termsOf(field);
    return wanted.every((term) => terms.has(term)) && (begun === undefined || hasPrefix(terms, begun));
  };
}

// What a plain text does not have as a piece it does not have as a term. Most rows of a scan end here.
function isRuledOut(text: string, wanted: readonly string[], begun = ''): boolean {
  if (!ASCII.test(text)) return false;
  const lower = text.toLowerCase();
  return !lower.includes(begun) || !wanted.every((term) => lower.includes(term));
}

function termsOf(field: string | readonly unknown[]): ReadonlySet<string> {
  const texts = typeof field === 'string' ? [field] : field.filter((item) => typeof item === 'string');
  return new Set(texts.flatMap((text) => tokenize(text).map(({ term }) => term)));
}

function hasPrefix(terms: ReadonlySet<string>, begun: string): boolean {
  for (const term of terms) if (term.startsWith(begun)) return true;
  return false;
}
