import { normalizeTextQuery, type TextSearchOptions } from '@topgun/core';
import { describe, expect, it } from 'vitest';
import { explainText } from './explainText.js';
import { miniSearchIndex } from './MiniSearchIndex.js';

const CITIES = { sf: 'San Francisco', sd: 'San Diego', sb: 'Santa Barbara', be: 'Berlin' };

function explain(options: Partial<TextSearchOptions>, withTitle = false): string {
  const query = normalizeTextQuery({ query: '', fields: { name: 1 }, ...options });
  const index = miniSearchIndex(query.paths);
  for (const [key, name] of Object.entries(CITIES)) index.put(key, { name, about: `${name} is a city` });
  const titleOf = (key: string) => CITIES[key as keyof typeof CITIES];
  const matches = index.explain(query);
  return explainText({ query, documents: index.size, matches, ...(withTitle && { titleOf }) });
}

describe('the explanation of a search', () => {
  it('[SRCH-19] shows the terms, and what each score is the sum of', () => {
    expect(explain({ query: 'San fran', prefix: 'last' }, true)).toBe(
      `terms      san, fran (one is enough; the last by its beginning, too)
fields     name × 1
documents  4
hits       2 (at most 20)

1. sf  1.0205  San Francisco
   0.6549 = 1 × 1.0000 × idf 0.6931 × tf 0.9448  san  in name: in 2 documents, 1 of 2 words here, 1.7500 on average
   0.3656 = 1 × 0.3214 × idf 1.2040 × tf 0.9448  fran → francisco  in name: in 1 documents, 1 of 2 words here, 1.7500 on average

2. sd  0.6549  San Diego
   0.6549 = 1 × 1.0000 × idf 0.6931 × tf 0.9448  san  in name: in 2 documents, 1 of 2 words here, 1.7500 on average
`,
    );
  });

  it('[SRCH-19] shows differences and several fields', () => {
    const text = explain({
      query: 'berlim',
      fields: { name: 2, about: 1 },
      fuzzy: 1,
      combine: 'all',
      minScore: 0.1,
      limit: 3,
    });
    expect(text).toBe(
      `terms      berlim (each must be found; up to 1 differences)
fields     about × 1, name × 2
documents  4
hits       1 (at most 3, from a score of 0.1)

1. be  1.6227
   0.4965 = 1 × 0.3857 × idf 1.2040 × tf 1.0691  berlim → berlin  in about: in 1 documents, 1 of 4 words here, 4.7500 on average
   1.1262 = 2 × 0.3857 × idf 1.2040 × tf 1.2126  berlim → berlin  in name: in 1 documents, 1 of 1 words here, 1.7500 on average
`,
    );
  });

  it('[SRCH-19] of nothing says so', () => {
    expect(explain({ query: '…' })).toBe(
      'terms      none\nfields     name × 1\ndocuments  4\nhits       0 (at most 20)\n',
    );
  });
});
