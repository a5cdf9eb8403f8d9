import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tokenize } from '../text/tokenize.js';
import { evaluate } from './evaluate.js';
import { Predicates as P } from './Predicates.js';

describe('match', () => {
  it('[OP-MATCH] is what the terms of both say', () => {
    const word = fc.constantFrom(
      'a',
      'ab',
      'Ab',
      'b1',
      'É',
      'e',
      'éa',
      'ß',
      '東京',
      'İ',
      'ab-b1',
      'x'.repeat(70),
    );
    const text = fc.array(word, { maxLength: 4 }).map((words) => words.join(' '));
    const wanted = fc.tuple(text, fc.integer({ min: 0, max: 12 })).map(([all, end]) => all.slice(0, end));
    fc.assert(
      fc.property(text, wanted, fc.boolean(), (field, sought, prefix) => {
        const terms = tokenize(field).map(({ term }) => term);
        const holds = tokenize(sought).every(({ term }, i, all) =>
          prefix && i === all.length - 1 ? terms.some((each) => each.startsWith(term)) : terms.includes(term),
        );
        expect(evaluate(P.match('', sought, prefix), field)).toBe(holds);
        expect(evaluate(P.match('', sought, prefix), [field, 7])).toBe(holds);
      }),
      { numRuns: 2_000 },
    );
  });
});
