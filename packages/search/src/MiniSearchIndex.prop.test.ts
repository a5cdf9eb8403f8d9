import { normalizeTextQuery, type TextIndex, type TextMatch, tokenize } from '@topgun/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { miniSearchIndex } from './MiniSearchIndex.js';

const PATHS = ['body', 'title'];
type Doc = Readonly<Record<string, unknown>>;

const word = fc.constantFrom(
  'san',
  'santa',
  'sant',
  'sao',
  'são',
  'paulo',
  'paul',
  'new',
  'york',
  'newark',
  '東',
  'x',
);
const text = fc.array(word, { maxLength: 6 }).map((words) => words.join(' '));
const doc: fc.Arbitrary<Doc> = fc.record(
  { title: fc.oneof(text, fc.array(text, { maxLength: 2 }), fc.constant(7)), body: text },
  { requiredKeys: [] },
);
const key = fc.integer({ min: 0, max: 12 }).map((n) => `k${n}`);
const step = fc.tuple(key, fc.option(doc, { nil: undefined, freq: 2 }));
const query = fc
  .record({
    query: fc.array(fc.oneof(word, fc.constantFrom('sa', 'pa', 'ne', 'pauol', 'newyork', 'snata')), {
      maxLength: 4,
    }),
    prefix: fc.constantFrom<boolean | 'last'>(true, false, 'last'),
    fuzzy: fc.constantFrom<0 | 1 | 2>(0, 1, 2),
    combine: fc.constantFrom<'any' | 'all'>('any', 'all'),
    limit: fc.integer({ min: 1, max: 15 }),
    minScore: fc.constantFrom(0, 0.5),
    boost: fc.constantFrom(0.1, 1, 7),
  })
  .map(({ query: words, boost, ...rest }) =>
    normalizeTextQuery({ ...rest, query: words.join(' '), fields: { title: boost, body: 1 } }),
  );

function build(docs: ReadonlyMap<string, Doc>, order: (a: string, b: string) => number): TextIndex {
  const index = miniSearchIndex(PATHS);
  for (const at of [...docs.keys()].sort(order)) index.put(at, docs.get(at));
  return index;
}

/** The rules read out word by word: every document, every term of its own, no structure kept. */
function slowSearch(
  docs: ReadonlyMap<string, Doc>,
  asked: ReturnType<typeof normalizeTextQuery>,
): TextMatch[] {
  const wordsOf = (value: Doc, path: string): string[] =>
    [value[path]]
      .flat()
      .flatMap((item) => (typeof item === 'string' ? tokenize(item).map(({ term }) => term) : []));
  const all = [...docs]
    .map(([at, value]) => ({ at, fields: asked.paths.map((path) => wordsOf(value, path)) }))
    .filter(({ fields }) => fields.some(({ length }) => length > 0));
  const vocabulary = [...new Set(all.flatMap(({ fields }) => fields.flat()))];
  const weightOf = (asked_: string, term: string, isPrefix: boolean): number => {
    const ways = [term === asked_ ? 1 : 0];
    if (isPrefix && term.startsWith(asked_))
      ways.push((0.375 * term.length) / (term.length + 0.3 * (term.length - asked_.length)));
    const forgiven = Math.min(asked.fuzzy, asked_.length < 3 ? 0 : asked_.length < 6 ? 1 : 2);
    const distance = distanceOf(asked_, term);
    if (distance > 0 && distance <= forgiven) ways.push((0.45 * term.length) / (term.length + distance));
    return term === asked_ ? 1 : Math.max(...ways);
  };
  const found = all.map(({ at, fields }) => {
    let score = 0;
    const terms = new Set<string>();
    const met = asked.terms.map((queryTerm, i) => {
      const isPrefix = asked.prefix === 'all' || (asked.prefix === 'last' && i === asked.terms.length - 1);
      const as = vocabulary
        .map((term) => ({ term, weight: weightOf(queryTerm, term, isPrefix) }))
        .filter(({ weight }) => weight > 0);
      let isMet = false;
      for (const [field, words] of fields.entries()) {
        const inField = (term: string) => all.filter((other) => other.fields[field]?.includes(term)).length;
        const n = Math.max(0, ...as.map(({ term }) => inField(term)));
        const idf = Math.log(1 + (all.length - n + 0.5) / (n + 0.5));
        const lengths = all.map((other) => other.fields[field]?.length ?? 0).filter((length) => length > 0);
        const average = lengths.reduce((a, b) => a + b, 0) / lengths.length;
        for (const { term, weight } of as) {
          const tf = words.filter((one) => one === term).length;
          if (tf === 0) continue;
          isMet = true;
          terms.add(term);
          score +=
            ((asked.boosts[field] ?? 0) * weight * idf * tf * 2.2) /
            (tf + 1.2 * (0.25 + (0.75 * words.length) / average));
        }
      }
      return isMet;
    });
    return {
      key: at,
      score,
      terms: [...terms].sort(),
      isFound: asked.combine === 'all' ? met.every(Boolean) : met.some(Boolean),
    };
  });
  return found
    .filter(({ isFound }) => isFound && asked.terms.length > 0)
    .map(({ isFound: _, ...match }) => match);
}

function distanceOf(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(
        Math.min(
          (row[j] as number) + 1,
          (next[j - 1] as number) + 1,
          (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1),
        ),
      );
    row = next;
  }
  return row[b.length] as number;
}

describe('an index', () => {
  it('[SRCH-7] kept up to date gives exactly what one gives that is built anew, in any order', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 60 }),
        fc.array(query, { minLength: 1, maxLength: 5 }),
        (steps, queries) => {
          const docs = new Map<string, Doc>();
          const kept = miniSearchIndex(PATHS);
          for (const [at, value] of steps) {
            if (value) kept.put(at, value);
            else kept.remove(at);
            if (value) docs.set(at, value);
            else docs.delete(at);
            // Searches in between leave no trace.
            kept.search(queries[0] as ReturnType<typeof normalizeTextQuery>);
          }
          const rising = build(docs, (a, b) => (a < b ? -1 : 1));
          const falling = build(docs, (a, b) => (a < b ? 1 : -1));
          expect(kept.size).toBe(rising.size);
          for (const asked of queries) {
            const matches = kept.search(asked);
            expect(matches).toEqual(rising.search(asked));
            expect(matches).toEqual(falling.search(asked));
            expect(kept.explain(asked)).toEqual(rising.explain(asked));
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('[SRCH-3] [SRCH-4] [SRCH-5] [SRCH-6] finds and scores what the rules say, read word by word', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), query, (steps, asked) => {
        const docs = new Map<string, Doc>();
        for (const [at, value] of steps) if (value) docs.set(at, value);
        const whole = { ...asked, limit: 1000, minScore: 0 };
        const matches = build(docs, (a, b) => (a < b ? -1 : 1)).search(whole);
        const expected = slowSearch(docs, whole);
        const byKey = (a: TextMatch, b: TextMatch): number => (a.key < b.key ? -1 : 1);
        expect([...matches].sort(byKey)).toEqual(
          expected.sort(byKey).map((match) => ({ ...match, score: expect.closeTo(match.score, 3) })),
        );
        for (const [i, match] of matches.entries()) {
          const next = matches[i + 1];
          if (next)
            expect(match.score > next.score || (match.score === next.score && match.key < next.key)).toBe(
              true,
            );
        }
      }),
      { numRuns: 300 },
    );
  });
});
