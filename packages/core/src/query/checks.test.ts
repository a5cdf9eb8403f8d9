import { describe, expect, it } from 'vitest';
import { IndexSet } from '../index/IndexSet.js';
import { assertPredicate } from './assertPredicate.js';
import { compileQuery, runQuery } from './compileQuery.js';
import { compilePredicate, evaluate } from './evaluate.js';
import { LiveWindow } from './LiveWindow.js';
import { normalizeQuery } from './normalizeQuery.js';
import type { PredicateNode } from './PredicateNode.js';
import { Predicates as P } from './Predicates.js';
import { parseWhere } from './parseWhere.js';
import { regexFaultIn } from './regex.js';
import { backtracking } from './testing/backtracking.js';

const refusal = (code: string, at = '') =>
  expect.objectContaining({ code, message: expect.stringContaining(at), remedy: expect.stringMatching(/./) });
const unknown = refusal('PREDICATE_OPERATOR_UNKNOWN');
const invalid = refusal('PREDICATE_INVALID');
const ports = { regex: backtracking };

const sourceOf = <V>(value: V) => {
  const rows = new Map([['1', value]]);
  return { size: 1, get: (key: string) => rows.get(key), entries: () => rows.entries() };
};

/** A node of a form that the types forbid. */
const odd = (node: unknown): PredicateNode => node as PredicateNode;
const deep = (levels: number): PredicateNode => (levels === 1 ? P.exists('a') : P.not(deep(levels - 1)));

describe('operators nobody knows', () => {
  it.each([
    { a: { $nor: 'x' } },
    { $nor: [] },
    { a: { $gt: 1, b: 2 } },
    { a: { $constructor: 1 } },
    { a: { $flags: 'i' } },
    { a: { $flags: 'i', $like: 'x' } },
    { a: { $prefix: true, $regex: 'x' } },
  ])('[ERR-1] [Q-7] are refused in %j', (where) => {
    expect(() => parseWhere(where)).toThrow(unknown);
  });

  it('[ERR-1] are refused in nodes, by their place', () => {
    for (const op of ['near', 'constructor', 7, undefined])
      expect(() => assertPredicate(P.and(odd({ op, path: 'a' })))).toThrow(
        refusal('PREDICATE_OPERATOR_UNKNOWN', '$.children[0]'),
      );
  });
});

describe('malformed predicates', () => {
  it.each<[what: string, node: unknown]>([
    ['nothing', undefined],
    ['text', 'eq'],
    ['no children', { op: 'and' }],
    ['children that are none', { op: 'or', children: [1] }],
    ['no child', { op: 'not' }],
    ['no path', { op: 'exists' }],
    ['values that are no list', { op: 'in', path: 'a', values: 1 }],
    ['no pattern', { op: 'like', path: 'a' }],
    ['a pattern that is no text', { op: 'regex', path: 'a', pattern: /x/ }],
    ['a claim for a pattern', { op: 'like', path: 'a', pattern: { $auth: 'sub' } }],
    ['no text', { op: 'match', path: 'a' }],
    ['a prefix that is no truth', { op: 'match', path: 'a', text: 'x', prefix: 1 }],
  ])('[ERR-2] refuses %s', (_, node) => {
    expect(() => assertPredicate(node)).toThrow(invalid);
  });

  it.each([
    { a: { $in: 1 } },
    { a: { $between: [1] } },
    { a: { $exists: 1 } },
    { a: { $like: 1 } },
    { a: { $match: ['x'] } },
    { $or: {} },
    { $and: [1] },
  ])('[ERR-2] refuses the clause %j', (where) => {
    expect(() => parseWhere(where)).toThrow(invalid);
  });

  it('[ERR-2] names the place', () => {
    expect(() => assertPredicate(P.or(P.not(odd({ op: 'like', path: 'title', pattern: 1 }))))).toThrow(
      refusal('PREDICATE_INVALID', '$.children[0].child.pattern on "title"'),
    );
  });

  it('[ERR-3] refuses operands that no value can equal', () => {
    for (const value of [undefined, Number.NaN, new Map(), () => 1, [undefined]])
      expect(() => assertPredicate(P.equal('a', value))).toThrow(invalid);
    expect(() => assertPredicate(P.equal('a', null))).not.toThrow();
    expect(() => assertPredicate(P.in('a', [1, Number.NaN]))).toThrow(invalid);
    for (const where of [{ a: undefined }, { a: { $gt: undefined } }])
      expect(() => parseWhere(where)).toThrow(invalid);
  });
});

describe('regular expressions', () => {
  it.each(['g', 'ii', 'iu', 'I', 1, null])('[ERR-4] refuses the flags %j', (flags) => {
    expect(() => assertPredicate(odd({ op: 'regex', path: 'a', pattern: 'x', flags }))).toThrow(
      refusal('PREDICATE_INVALID', '$.flags'),
    );
  });

  it('[ERR-4] takes each flag once', () => {
    for (const flags of ['', 'i', 'ims', 'sim'])
      expect(() => assertPredicate(P.regex('a', 'x', flags))).not.toThrow();
  });

  it('[ERR-4] refuses what the engine does not take, naming place and reason', () => {
    const predicate = P.or(P.exists('a'), P.not(P.regex('a', '(')));
    const fault = regexFaultIn(predicate, ports);
    expect(fault?.at).toBe('$.children[1].child');
    expect(() => normalizeQuery({ predicate }, ports)).toThrow(
      refusal('PREDICATE_INVALID', '$.children[1].child.pattern, "(": '),
    );
    expect(regexFaultIn(P.and(P.regex('a', '(x)', 'i'), P.like('a', '(')), ports)).toBeUndefined();
  });

  it('[ERR-5] without an engine are refused when the query is made', () => {
    const missing = refusal('REGEX_ENGINE_MISSING', '"^x"');
    const predicate = P.and(P.exists('a'), P.regex('a', '^x'));
    const spec = normalizeQuery({ predicate }, ports);
    const makers = [
      () => normalizeQuery({ predicate }),
      () => normalizeQuery({ where: { a: { $regex: '^x' } } }),
      () => compilePredicate(predicate),
      () => compileQuery(spec),
      () => runQuery(spec, []),
      () => new LiveWindow(spec),
      () => evaluate(predicate, {}),
    ];
    for (const make of makers) expect(make).toThrow(missing);
  });

  it('[ERR-5] and with one are not, whatever was asked before', () => {
    const spec = { where: P.regex('a', '^x') };
    expect(() => compileQuery(spec)).toThrow();
    const window = new LiveWindow<{ a: string }>(spec, ports);
    window.reset([
      ['1', { a: 'xy' }],
      ['2', { a: 'yx' }],
    ]);
    expect(window.rows().map(([key]) => key)).toEqual(['1']);
    const never = { regex: { compile: () => () => false } };
    const set = new IndexSet<{ a: string }>(sourceOf({ a: 'xy' }), ports);
    expect(set.run(spec).map(([key]) => key)).toEqual(['1']);
    expect(compileQuery(spec, never).matches({ a: 'xy' })).toBe(false);
    expect(() => compileQuery(spec)).toThrow();
  });
});

describe('limits', () => {
  it.each<[what: string, node: unknown]>([
    ['17 levels', deep(17)],
    ['257 nodes', P.and(...new Array(256).fill(P.exists('a')))],
  ])('[LIM-1] refuses %s', (_, node) => {
    expect(() => assertPredicate(node)).toThrow(invalid);
  });

  it('[LIM-1] takes what just fits', () => {
    expect(() => assertPredicate(deep(16))).not.toThrow();
    expect(() => assertPredicate(P.and(...new Array(255).fill(P.exists('a'))))).not.toThrow();
  });

  it('[LIM-1] 64 values of a list count as a node', () => {
    const lists = (count: number) =>
      P.and(
        ...new Array(count).fill(
          P.in(
            'a',
            Array.from({ length: 1_000 }, (_, i) => i),
          ),
        ),
      );
    expect(() => assertPredicate(lists(15))).not.toThrow();
    expect(() => assertPredicate(lists(16))).toThrow(invalid);
  });
  it('[LIM-1] where-clauses that never end are refused by their levels', () => {
    const clause: Record<string, unknown> = {};
    clause.$not = clause;
    const operand: Record<string, unknown> = {};
    operand.$not = operand;
    for (const where of [clause, { a: operand }]) expect(() => parseWhere(where)).toThrow(invalid);
  });

  it('[LIM-2] paths, lists, patterns and texts end', () => {
    const sizes: [make: (size: number) => PredicateNode, max: number][] = [
      [(size) => P.exists('a'.repeat(size)), 512],
      [(size) => P.in('a', new Array(size).fill(1)), 1_000],
      [(size) => P.like('a', 'x'.repeat(size)), 256],
      [(size) => P.regex('a', 'x'.repeat(size)), 256],
      [(size) => P.match('a', 'x'.repeat(size)), 256],
    ];
    for (const [make, max] of sizes) {
      expect(() => assertPredicate(make(max))).not.toThrow();
      expect(() => assertPredicate(make(max + 1))).toThrow(invalid);
    }
  });

  it('[ERR-6] refuses wrong limits and directions', () => {
    for (const limit of [0, -1, 1.5, Number.POSITIVE_INFINITY])
      expect(() => normalizeQuery({ limit })).toThrow(refusal('QUERY_INVALID'));
    expect(() => normalizeQuery({ sort: { a: 'up' as 'asc' } })).toThrow(refusal('QUERY_INVALID', '"up"'));
  });

  it('[LIM-4] sorts by at most 8 paths', () => {
    expect(() => normalizeQuery({ sort: new Array(8).fill(['a', 'asc']) })).not.toThrow();
    expect(() => normalizeQuery({ sort: new Array(9).fill(['a', 'asc']) })).toThrow(refusal('QUERY_INVALID'));
  });
});
