import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { highlightsOf, type TextRange } from './highlights.js';
import { snippetHtml, snippetOf } from './snippets.js';
import { tokenize } from './tokenize.js';

const piece = fc.constantFrom(
  'a',
  'B',
  'é',
  'e\u0301',
  ' ',
  ' ',
  '-',
  '東',
  '𠮷',
  '😀',
  '7',
  'ß',
  'İ',
  'Σ',
  '\u0301',
  'नी',
  '한',
  '<',
  '&',
  '"',
  '\n',
  'ﬁ',
);
const text = fc.oneof(
  fc.array(piece, { maxLength: 60 }).map((all) => all.join('')),
  fc.string({ unit: 'grapheme' }),
);

describe('words', () => {
  it('[SRCH-2] [SRCH-9] stand one behind the other, and each is found again where it stands', () => {
    fc.assert(
      fc.property(text, (given) => {
        let last = 0;
        for (const { term, start, end } of tokenize(given)) {
          expect(start).toBeGreaterThanOrEqual(last);
          expect(end).toBeGreaterThan(start);
          last = end;
          expect(tokenize(given.slice(start, end)).map((token) => token.term)).toEqual([term]);
        }
        expect(last).toBeLessThanOrEqual(given.length);
      }),
      { numRuns: 2_000 },
    );
  });

  it('[SRCH-2] are the same in upper and lower case, composed and not', () => {
    const terms = (given: string) => tokenize(given).map(({ term }) => term);
    const letters = fc
      .array(fc.constantFrom('a', 'é', 'Ω', 'σ', 'ж', 'ü', ' '), { maxLength: 20 })
      .map((all) => all.join(''));
    fc.assert(
      fc.property(letters, (given) => {
        expect(terms(given.toUpperCase())).toEqual(terms(given));
        expect(terms(given.normalize('NFD'))).toEqual(terms(given));
      }),
    );
  });
});

describe('snippets', () => {
  const ranged = fc
    .tuple(text, fc.array(fc.nat(200), { maxLength: 8 }), fc.integer({ min: 1, max: 80 }))
    .map(([given, picks, length]) => {
      const terms = tokenize(given).map(({ term }) => term);
      const wanted = picks.flatMap((pick) =>
        terms.length > 0 ? [terms[pick % terms.length] as string] : [],
      );
      const ranges: readonly TextRange[] = highlightsOf(given, [''], wanted)[0]?.ranges ?? [];
      return { given, ranges, length };
    });

  it('[SRCH-9] are a piece of the text, marked where the ranges are', () => {
    fc.assert(
      fc.property(ranged, ({ given, ranges, length }) => {
        const { parts, isCutBefore, isCutAfter } = snippetOf(given, ranges, { length });
        const shown = parts.map((part) => part.text).join('');
        // One code unit more where the cut would part a pair.
        expect(shown.length).toBeLessThanOrEqual(Math.max(length, 2));
        const whole = !isCutBefore && !isCutAfter;
        if (whole) expect(shown).toBe(given);
        else expect(given).toContain(shown);
        if (!isCutBefore) expect(given.startsWith(shown)).toBe(true);
        if (!isCutAfter) expect(given.endsWith(shown)).toBe(true);
        expect(parts.some(({ isMatch }) => isMatch)).toBe(ranges.length > 0 && shown !== '');
        for (const part of parts) expect(part.text).not.toBe('');
      }),
      { numRuns: 2_000 },
    );
  });

  it('[SRCH-9] as HTML hold no mark-up but marks', () => {
    fc.assert(
      fc.property(ranged, ({ given, ranges, length }) => {
        const html = snippetHtml(snippetOf(given, ranges, { length }));
        const bare = html.replaceAll('<mark>', '').replaceAll('</mark>', '');
        expect(bare).not.toMatch(/[<>"']|&(?!amp;|lt;|gt;|quot;|#39;)/);
      }),
      { numRuns: 1_000 },
    );
  });
});
