import { normalizeTextQuery, type TextIndex, type TextMatch, type TextSearchOptions } from '@topgun/core';
import { describe, expect, it } from 'vitest';
import { miniSearchIndex } from './MiniSearchIndex.js';

const indexOf = (records: Readonly<Record<string, unknown>>, paths = ['title']): TextIndex => {
  const index = miniSearchIndex(paths);
  for (const [key, value] of Object.entries(records)) index.put(key, value);
  return index;
};
const titles = (...texts: readonly string[]): TextIndex =>
  indexOf(Object.fromEntries(texts.map((title, i) => [`k${i}`, { title }])));
const find = (index: TextIndex, query: string, options: Partial<TextSearchOptions> = {}): TextMatch[] =>
  index.search(
    normalizeTextQuery({ query, fields: Object.fromEntries(index.paths.map((p) => [p, 1])), ...options }),
  );
const keys = (matches: readonly TextMatch[]): string[] => matches.map(({ key }) => key);

describe('what is searched', () => {
  it('[SRCH-1] texts at declared paths, also items of arrays, and nothing else', () => {
    const index = indexOf(
      {
        a: { title: 'one', meta: { tags: ['two', 3] }, other: 'four' },
        b: { title: 5, meta: 'two' },
        c: 'one',
      },
      ['meta.tags', 'title'],
    );
    expect(keys(find(index, 'one'))).toEqual(['a']);
    expect(keys(find(index, 'two'))).toEqual(['a']);
    for (const query of ['3', '5', 'four']) expect(find(index, query)).toEqual([]);
    expect(index.size).toBe(1);
  });

  it('[SRCH-1] the value itself under the empty path', () => {
    expect(keys(find(indexOf({ a: 'hello world' }, ['']), 'world'))).toEqual(['a']);
  });

  it('[SRCH-2] the first 10,000 words of a field', () => {
    const index = titles(`${'x '.repeat(9_999)}last beyond`);
    expect(find(index, 'last')).toHaveLength(1);
    expect(find(index, 'beyond')).toEqual([]);
  });
});

describe('what is found', () => {
  it('[SRCH-3] nothing without terms; one term with any, each of them with all', () => {
    const index = titles('red wine', 'red', 'wine', 'white');
    expect(find(index, '')).toEqual([]);
    expect(keys(find(index, 'red wine')).sort()).toEqual(['k0', 'k1', 'k2']);
    expect(keys(find(index, 'red wine', { combine: 'all' }))).toEqual(['k0']);
    expect(find(index, 'red nothing', { combine: 'all' })).toEqual([]);
  });

  it('[SRCH-3] all of 32 terms', () => {
    const words = Array.from({ length: 32 }, (_, i) => `w${i}`);
    const index = titles(words.join(' '), words.slice(1).join(' '));
    expect(keys(find(index, words.join(' '), { combine: 'all' }))).toEqual(['k0']);
  });

  it('[SRCH-4] by beginnings: of no term, of the last, of all', () => {
    const index = titles('new york', 'newark yonkers', 'york');
    expect(find(index, 'ne yo')).toEqual([]);
    expect(keys(find(index, 'ne yo', { prefix: 'last' })).sort()).toEqual(['k0', 'k1', 'k2']);
    expect(keys(find(index, 'ne york', { prefix: 'last', combine: 'all' }))).toEqual([]);
    expect(keys(find(index, 'ne yo', { prefix: true, combine: 'all' })).sort()).toEqual(['k0', 'k1']);
  });

  it('[SRCH-5] with differences, by the length of the term', () => {
    const index = titles('to', 'cat', 'letter', 'san');
    expect(find(index, 'ta', { fuzzy: 2 })).toEqual([]);
    expect(keys(find(index, 'cot', { fuzzy: 2 }))).toEqual(['k1']);
    expect(find(index, 'cog', { fuzzy: 2 })).toEqual([]);
    expect(keys(find(index, 'lettr', { fuzzy: 1 }))).toEqual(['k2']);
    expect(keys(find(index, 'latters', { fuzzy: 2 }))).toEqual(['k2']);
    expect(find(index, 'latters', { fuzzy: 1 })).toEqual([]);
    expect(find(index, 'lettr')).toEqual([]);
  });

  it('[SRCH-8] down to a score, up to a limit, and what is accepted', () => {
    const index = titles('a', 'a a a', 'a b', 'a b c d e f g h');
    const all = find(index, 'a');
    expect(all).toHaveLength(4);
    expect(find(index, 'a', { limit: 2 })).toEqual(all.slice(0, 2));
    expect(find(index, 'a', { minScore: all[2]?.score ?? 0 })).toEqual(all.slice(0, 3));
    const query = normalizeTextQuery({ query: 'a', fields: { title: 1 }, limit: 2 });
    expect(index.search(query, (key) => key !== all[0]?.key)).toEqual(all.slice(1, 3));
  });
});

describe('ranking', () => {
  it('[SRCH-6] is BM25, term by term and field by field', () => {
    const index = indexOf(
      {
        a: { title: 'red wine', body: 'a wine that is red, very red' },
        b: { title: 'wine' },
        c: { title: 'beer', body: 'brown' },
      },
      ['body', 'title'],
    );
    const idf = (n: number) => Math.log(1 + (3 - n + 0.5) / (n + 0.5));
    const bm25 = (tf: number, length: number, average: number) =>
      (tf * 2.2) / (tf + 1.2 * (0.25 + (0.75 * length) / average));
    const [first, second, ...rest] = find(index, 'red wine', { fields: { title: 3, body: 0.5 } });
    expect(rest).toEqual([]);
    expect(first).toMatchObject({ key: 'a', terms: ['red', 'wine'] });
    expect(first?.score).toBeCloseTo(
      3 * idf(1) * bm25(1, 2, 4 / 3) +
        0.5 * idf(1) * bm25(2, 7, 4) +
        3 * idf(2) * bm25(1, 2, 4 / 3) +
        0.5 * idf(1) * bm25(1, 7, 4),
      5,
    );
    expect(second?.score).toBeCloseTo(3 * idf(2) * bm25(1, 1, 4 / 3), 5);
  });

  it('[SRCH-6] weighs what a term is found as, and counts the better way once', () => {
    const index = titles('cat', 'cats', 'cut', 'dog');
    const score = (key: string, options: Partial<TextSearchOptions>) =>
      find(index, 'cat', options).find((match) => match.key === key)?.score ?? 0;
    const exact = score('k0', {});
    expect(score('k1', { prefix: true })).toBeCloseTo((exact * 0.375 * 4) / (4 + 0.3), 5);
    expect(score('k2', { fuzzy: 1 })).toBeCloseTo((exact * 0.45 * 3) / (3 + 1), 5);
    expect(score('k1', { fuzzy: 1 })).toBeCloseTo((exact * 0.45 * 4) / (4 + 1), 5);
    expect(score('k1', { fuzzy: 1, prefix: true })).toBe(
      Math.max(score('k1', { fuzzy: 1 }), score('k1', { prefix: true })),
    );
    expect(score('k0', { fuzzy: 1, prefix: true })).toBe(exact);
  });

  it('[SRCH-6] does not lift a rare completion above the word itself', () => {
    const index = titles(...Array.from({ length: 50 }, (_, i) => `san number${i}`), 'sanabria rare');
    expect(keys(find(index, 'san', { prefix: true, limit: 100 })).at(-1)).toBe('k50');
  });

  it('[SRCH-7] orders level hits by key in code units', () => {
    const index = indexOf({ b: { title: 'x' }, ä: { title: 'x' }, B: { title: 'x' }, a: { title: 'x' } });
    expect(keys(find(index, 'x'))).toEqual(['B', 'a', 'b', 'ä']);
  });

  it('[SRCH-9] names the terms of the record that were found', () => {
    expect(find(titles('Sant Santa sao Paulo'), 'san pau', { prefix: true, fuzzy: 1 })[0]?.terms).toEqual([
      'paulo',
      'sant',
      'santa',
      'sao',
    ]);
  });
});

describe('changes', () => {
  it('a record of the same texts is no change', () => {
    const index = titles('red wine');
    const { version } = index;
    index.put('k0', { title: 'red wine', rating: 5 });
    expect(index.version).toBe(version);
    index.put('k0', { title: 'red  wine' });
    expect(index.version).not.toBe(version);
  });

  it('a record that has no words any more is no document', () => {
    const index = titles('red', 'wine');
    index.put('k0', { title: '…' });
    index.remove('k9');
    expect(index.size).toBe(1);
    expect(find(index, 'red')).toEqual([]);
    index.clear();
    expect(index.size).toBe(0);
    expect(find(index, 'wine')).toEqual([]);
  });

  it('terms that no record has are forgotten, named like members of objects or not', () => {
    const index = titles('constructor __proto__ toString');
    expect(find(index, 'constructor')[0]?.terms).toEqual(['constructor']);
    index.remove('k0');
    expect(find(index, 'c', { prefix: true })).toEqual([]);
  });
});

describe('explain', () => {
  it('[SRCH-6] gives parts that add up to the score, to the last digit', () => {
    const index = titles('red wine', 'wine', 'reds');
    const query = normalizeTextQuery({ query: 'red wine', fields: { title: 2 }, prefix: true });
    const explained = index.explain(query);
    expect(explained.map(({ parts: _, ...match }) => match)).toEqual(index.search(query));
    for (const { score, parts } of explained)
      expect(parts.reduce((sum, part) => sum + part.score, 0)).toBe(score);
    expect(explained[0]?.parts[0]).toMatchObject({
      queryTerm: 'red',
      term: 'red',
      path: 'title',
      boost: 2,
      weight: 1,
      documents: 1,
      tf: 1,
      length: 2,
      averageLength: 4 / 3,
    });
  });
});
