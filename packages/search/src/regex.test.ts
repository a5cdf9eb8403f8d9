import { normalizeQuery, Predicates as P, runQuery } from '@topgun/core';
import fc from 'fast-check';
import { RE2JS } from 're2js';
import { describe, expect, it } from 'vitest';
import { compileProgram, PROGRAM_MAX, STATES_BYTES_MAX } from './regex/compileProgram.js';
import { Programs } from './regex/Programs.js';
import { sizeBound } from './regex/sizeBound.js';
import { linearRegex } from './regex.js';

describe('expressions', () => {
  it.each([
    ['milk', '', 'Buy milk', true],
    ['^milk', '', 'Buy milk', false],
    ['MILK$', 'i', 'Buy milk', true],
    ['^b$', '', 'a\nb', false],
    ['^b$', 'm', 'a\nb', true],
    ['a.b', '', 'a\nb', false],
    ['a.b', 's', 'a\nb', true],
    ['^.$', '', '\u{1f600}', true],
    ['(?i)straße', '', 'STRAßE', true],
    ['^\\p{Greek}+$', '', 'δοκιμή', true],
    ['', '', '', true],
  ])('[OP-REGEX] %j with %j on %j is %s', (pattern, flags, text, verdict) => {
    expect(linearRegex.compile(pattern, flags)(text)).toBe(verdict);
  });

  it.each(['(', 'a**', '(?=a)', '(?<=a)b', '(a)\\1', 'a{1001}', '[z-a]'])(
    '[ERR-4] %j is refused',
    (pattern) => {
      expect(() => linearRegex.compile(pattern, '')).toThrow();
      expect(() => normalizeQuery({ where: { a: { $regex: pattern } } }, { regex: linearRegex })).toThrow(
        expect.objectContaining({ code: 'PREDICATE_INVALID' }),
      );
    },
  );

  it('[OP-REGEX] of a query', () => {
    const ports = { regex: linearRegex };
    const spec = normalizeQuery({ predicate: P.not(P.regex('name', '^s', 'i')) }, ports);
    const rows = ['San Marino', 'Oslo', 'split'].map((name, i) => [String(i), { name }] as const);
    expect(runQuery(spec, rows, ports)).toEqual([['1', { name: 'Oslo' }]]);
  });
});

/** Times that an instruction looks at a character while an expression is sought in a text. */
function looksOf(pattern: string, text: string): { readonly looks: number; readonly size: number } {
  const program = compileProgram(pattern, '');
  const { prog } = program.re2();
  let looks = 0;
  for (const inst of prog.inst) {
    const matchRune = inst.matchRune.bind(inst);
    inst.matchRune = (rune: number): boolean => {
      looks++;
      return matchRune(rune);
    };
  }
  program.test(text);
  return { looks, size: prog.numInst() };
}

describe('what a match costs', () => {
  // Two letters without a pattern, so that automata meet ever new states.
  const noise = (length: number): string => {
    let state = 12_345;
    let text = '';
    while (text.length < length) {
      state = (state * 1_103_515_245 + 12_345) & 0x7fffffff;
      text += (state >> 16) & 1 ? 'a' : 'b';
    }
    return text;
  };

  it.each([
    ['(a+)+$', `${'a'.repeat(20_000)}b`],
    ['(a|a)*$', `${'a'.repeat(20_000)}b`],
    ['(a|b)*a(a|b){20}(c|d)', noise(20_000)],
    ['(.*a){20}c?$', noise(20_000)],
    [`${'a?'.repeat(60)}${'a'.repeat(60)}$`, `${'a'.repeat(20_000)}b`],
  ])('[Q-4] %j looks at no character more often than twice per instruction', (pattern, text) => {
    const { looks, size } = looksOf(pattern, text);
    // Once by the automaton, and once more where it gives up for too many states.
    expect(looks).toBeLessThanOrEqual(2 * size * (text.length + 1));
  });

  it('[LIM-3] states are forgotten before they take more than their share', () => {
    const program = compileProgram('(a|b)*a(a|b){15}(c|d)', '');
    const { dfa } = program.re2();
    let least = STATES_BYTES_MAX;
    const text = noise(60_000);
    for (let from = 0; from < text.length; from += 500) {
      program.test(text.slice(from, from + 500));
      least = Math.min(least, dfa.memBudget);
    }
    expect(least).toBeLessThan(STATES_BYTES_MAX / 4);
    expect(least).toBeGreaterThanOrEqual(0);
    expect(program.test(`${text}a${'b'.repeat(15)}c`)).toBe(true);
  });

  it('[LIM-3] large expressions are refused, giants before they are compiled', () => {
    const compile = (pattern: string) => () => linearRegex.compile(pattern, '');
    expect(compile(`a{${PROGRAM_MAX - 4}}`)).not.toThrow();
    expect(compile('[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}')).not.toThrow();
    const tooLarge = /larger than 500 instructions/;
    for (const pattern of ['a{501}', '(?:ab?){300}', `(?:${'ab'.repeat(120)}){1000}`])
      expect(compile(pattern)).toThrow(tooLarge);
  });

  it('[LIM-3] the bound is never far below the truth', () => {
    const atoms = ['a', '.', '\\d', '\\pL', '[a-z(]', '[]{2}]', '\\(', '\\Q((\\E', '^', '\\x{41}', '(?i:x)'];
    const { pattern } = fc.letrec<{ pattern: string }>((tie) => ({
      pattern: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom(...atoms),
        fc.tuple(tie('pattern'), tie('pattern')).map(([a, b]) => a + b),
        fc.tuple(tie('pattern'), tie('pattern')).map(([a, b]) => `(${a}|${b})`),
        fc
          .tuple(tie('pattern'), fc.constantFrom('*', '+', '?', '{3}', '{0,9}', '{7,}', '{100}'))
          .map(([a, times]) => `(?:${a})${times}`),
      ),
    }));
    fc.assert(
      fc.property(pattern, (text) => {
        let size: number;
        try {
          size = RE2JS.compile(text).programSize();
        } catch {
          return; // no expression, such as a count of counts beyond 1,000
        }
        expect(size).toBeLessThanOrEqual(3 * sizeBound(text) + 4);
      }),
      { numRuns: 500 },
    );
  });

  it('[LIM-3] programs are kept to a number, those asked for last', () => {
    const made: string[] = [];
    const programs = new Programs(2, (key) => {
      made.push(key);
      return key.toUpperCase();
    });
    for (const key of ['a', 'a', 'b', 'a', 'c', 'a', 'b']) expect(programs.of(key)).toBe(key.toUpperCase());
    expect(made).toEqual(['a', 'b', 'c', 'b']);
  });
});
