import { describe, expect, it } from 'vitest';
import { fuseRankings } from './fuseRankings.js';
import { highlightsOf } from './highlights.js';
import { normalizeFusion } from './normalizeFusion.js';
import { normalizeTextQuery, type TextSearchOptions } from './normalizeTextQuery.js';
import { snippetHtml, snippetOf } from './snippets.js';
import { tokenize } from './tokenize.js';

const terms = (text: string): string[] => tokenize(text).map(({ term }) => term);

describe('words', () => {
  it('[SRCH-2] are runs of letters, digits and marks, in lower case', () => {
    expect(terms("Don't panic, HAL-9000!")).toEqual(['don', 't', 'panic', 'hal', '9000']);
    expect(terms(' \n…—')).toEqual([]);
  });

  it('[SRCH-2] are compared without diacritics, composed or not, in any alphabet', () => {
    expect(terms('São Ångström Łódź')).toEqual(['sao', 'angstrom', 'łodz']);
    expect(terms('e\u0301te\u0301')).toEqual(terms('été'));
    expect(terms('İstanbul ΟΔΟΣ Ёлка')).toEqual(['istanbul', 'οδοσ', 'елка']);
    expect(terms('oδός')).toEqual(['oδοσ']);
  });

  it('[SRCH-2] of Han, Hiragana and Katakana are single characters, also beside letters', () => {
    expect(terms('東京 is 東tokyo京𠮷')).toEqual(['東', '京', 'is', '東', 'tokyo', '京', '𠮷']);
    expect(tokenize('a東b').map(({ start, end }) => [start, end])).toEqual([
      [0, 1],
      [1, 2],
      [2, 3],
    ]);
    expect(tokenize('𠮷x').map(({ start, end }) => [start, end])).toEqual([
      [0, 2],
      [2, 3],
    ]);
  });

  it('[SRCH-2] end after 64 code units of their term, and one of marks alone is none', () => {
    expect(terms('x'.repeat(100))).toEqual(['x'.repeat(64)]);
    expect(terms('\u0301')).toEqual([]);
  });

  it('[SRCH-9] know where they stand in the original text', () => {
    const text = 'Caffè, São!';
    expect(tokenize(text).map(({ start, end }) => text.slice(start, end))).toEqual(['Caffè', 'São']);
  });
});

describe('a search', () => {
  const normal = (options: Partial<TextSearchOptions>) =>
    normalizeTextQuery({ query: 'x', fields: { a: 1 }, ...options });

  it('[SRCH-3] has the distinct terms of its text, in their order', () => {
    expect(normal({ query: 'New new York, york new' }).terms).toEqual(['new', 'york']);
    expect(normal({ query: ' - ' }).terms).toEqual([]);
  });

  it('[SRCH-8] has 20 hits unless it says how many', () => {
    expect(normal({})).toMatchObject({
      limit: 20,
      minScore: 0,
      fuzzy: 0,
      prefix: 'none',
      combine: 'any',
    });
  });

  it('[SRCH-13] names its fields in one order, so that equal declarations are equal', () => {
    expect(normal({ fields: { b: 1, a: 2 } })).toMatchObject({ paths: ['a', 'b'], boosts: [2, 1] });
  });

  const wrong: readonly [string, Partial<Record<keyof TextSearchOptions, unknown>>][] = [
    ['query', { query: 5 }],
    ['query', { query: 'x'.repeat(1025) }],
    ['words', { query: Array.from({ length: 33 }, (_, i) => `w${i}`).join(' ') }],
    ['fields', { fields: {} }],
    ['fields', { fields: undefined }],
    ['fields', { fields: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`f${i}`, 1])) }],
    ["fields['a']", { fields: { a: 0 } }],
    ["fields['a']", { fields: { a: 101 } }],
    ["fields['a']", { fields: { a: Number.NaN } }],
    ['limit', { limit: 0 }],
    ['limit', { limit: 1001 }],
    ['limit', { limit: 1.5 }],
    ['minScore', { minScore: -1 }],
    ['minScore', { minScore: Infinity }],
    ['prefix', { prefix: 'first' }],
    ['fuzzy', { fuzzy: 3 }],
    ['combine', { combine: 'none' }],
  ];
  it.each(wrong)('[SRCH-10] is refused for a wrong %s (%j)', (named, options) => {
    expect(() => normal(options as Partial<TextSearchOptions>)).toThrowError(
      expect.objectContaining({ code: 'SEARCH_INVALID', message: expect.stringContaining(named) }),
    );
  });
});

describe('highlights', () => {
  const value = { title: 'São Paulo, são', tags: ['x', 7, 'SAO'], deep: { body: 'nothing' } };

  it('[SRCH-9] are the ranges of the terms in each text, items of arrays by their place', () => {
    expect(highlightsOf(value, ['title', 'tags', 'deep.body'], ['sao'])).toEqual([
      {
        path: 'title',
        ranges: [
          [0, 3],
          [11, 14],
        ],
      },
      { path: 'tags.2', ranges: [[0, 3]] },
    ]);
  });

  it('[SRCH-1] know the value itself as a field', () => {
    expect(highlightsOf('so it is', [''], ['it'])).toEqual([{ path: '', ranges: [[3, 5]] }]);
  });
});

describe('snippets', () => {
  const words = Array.from({ length: 60 }, (_, i) => `word${i}`).join(' ');

  it('[SRCH-9] show what is found, cut between words', () => {
    const start = words.indexOf('word40');
    const snippet = snippetOf(words, [[start, start + 6]], { length: 60 });
    expect(snippet).toMatchObject({ isCutBefore: true, isCutAfter: true });
    const text = snippet.parts.map((part) => part.text).join('');
    expect(text.length).toBeLessThanOrEqual(60);
    expect(words.split(' ')).toEqual(expect.arrayContaining(text.split(' ')));
    expect(snippet.parts.filter((part) => part.isMatch)).toEqual([{ text: 'word40', isMatch: true }]);
  });

  it('[SRCH-9] begin where the most was found', () => {
    const at = (word: string): [number, number] => [words.indexOf(word), words.indexOf(word) + word.length];
    const { parts } = snippetOf(words, [at('word10'), at('word50'), at('word51')], { length: 60 });
    expect(parts.filter((part) => part.isMatch).map((part) => part.text)).toEqual(['word50', 'word51']);
  });

  it('of a short text are the text', () => {
    expect(snippetOf('all of it', [])).toEqual({
      parts: [{ text: 'all of it', isMatch: false }],
      isCutBefore: false,
      isCutAfter: false,
    });
  });

  it('never part a surrogate pair', () => {
    const text = '😀'.repeat(100);
    for (let length = 1; length < 30; length++) {
      const cut = snippetOf(text, [[60, 62]], { length })
        .parts.map((part) => part.text)
        .join('');
      expect(cut).toBe('😀'.repeat(cut.length / 2));
    }
  });

  it('[SRCH-9] as HTML escape all that is text', () => {
    const text = `<b title="x">Tom & Jerry's</b>`;
    const start = text.indexOf('Tom');
    expect(snippetHtml(snippetOf(text, [[start, start + 3]]))).toBe(
      '&lt;b title=&quot;x&quot;&gt;<mark>Tom</mark> &amp; Jerry&#39;s&lt;/b&gt;',
    );
  });
});

describe('rank fusion', () => {
  it.each([
    ['k', { k: 0 }],
    ['k', { k: Number.NaN }],
    ['weights.text', { weights: { text: -1 } }],
    ['weights.sort', { weights: { sort: 1001 } }],
  ])('[SRCH-10] is refused for a wrong %s', (named, options) => {
    expect(() => normalizeFusion(options)).toThrowError(
      expect.objectContaining({ code: 'SEARCH_INVALID', message: expect.stringContaining(`${named} `) }),
    );
  });

  it('[SRCH-16] adds weight / (k + rank), k = 60 unless given; level ones in order of keys', () => {
    expect(fuseRankings([{ keys: ['b', 'a'] }, { keys: ['a', 'b', 'c'], weight: 2 }])).toEqual([
      { key: 'a', score: 1 / 62 + 2 / 61 },
      { key: 'b', score: 1 / 61 + 2 / 62 },
      { key: 'c', score: 2 / 63 },
    ]);
    expect(fuseRankings([{ keys: ['b'] }, { keys: ['a'] }], 1)).toEqual([
      { key: 'a', score: 0.5 },
      { key: 'b', score: 0.5 },
    ]);
  });
});
