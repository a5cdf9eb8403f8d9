import { describe, expect, it } from 'vitest';
import { assertPredicate } from './assertPredicate.js';
import { runQuery } from './compileQuery.js';
import { evaluate } from './evaluate.js';
import { compileLike } from './like.js';
import { normalizeQuery } from './normalizeQuery.js';
import type { PredicateNode } from './PredicateNode.js';
import { Predicates as P } from './Predicates.js';
import { parseWhere } from './parseWhere.js';

const row = {
  done: false,
  priority: 3,
  big: 2n ** 60n,
  title: 'Buy 100% milk',
  owner: { id: 'u1', 'dotted.name': 1 },
  tags: ['home', 'shop', { id: 7 }],
  due: new Date(5_000),
  none: null,
};

const cases: [node: PredicateNode, verdict: boolean][] = [
  [P.equal('done', false), true],
  [P.equal('owner.id', 'u1'), true],
  [P.equal('owner', { 'dotted.name': 1, id: 'u1' }), true],
  [P.equal('owner.dotted\\.name', 1), true],
  [P.equal('tags.2.id', 7), true],
  [P.equal('tags.length', 3), false],
  [P.equal('title.length', 13), false],
  [P.exists('owner.constructor'), false],
  [P.equal('priority', 3n), true],
  [P.equal('none', null), true],
  [P.equal('missing', null), false],
  [P.notEqual('missing', 1), true],
  [P.notEqual('priority', 3), false],
  [P.exists('none'), true],
  [P.exists('missing'), false],
  [P.greaterThan('priority', 2), true],
  [P.greaterThan('priority', '2'), false],
  [P.lessThan('priority', '4'), false],
  [P.greaterThan('big', 1e18), true],
  [P.greaterThanOrEqual('priority', 3), true],
  [P.lessThan('missing', 3), false],
  [P.lessThanOrEqual('due', new Date(5_000)), true],
  [P.lessThan('title', 'a'), true],
  [P.between('priority', 3, 4), true],
  [P.between('priority', 4, 5), false],
  [P.in('priority', [1, 3]), true],
  [P.in('missing', [null, 1]), false],
  [P.in('priority', []), false],
  [P.like('title', 'buy %\\% MILK'), true],
  [P.like('title', 'buy'), false],
  [P.like('priority', '%'), false],
  [P.contains('tags', 'home'), true],
  [P.contains('tags', { id: 7 }), true],
  [P.contains('title', 'milk'), true],
  [P.contains('title', 'MILK'), false],
  [P.contains('priority', 3), false],
  [P.containsAll('tags', ['home', 'shop']), true],
  [P.containsAll('tags', ['home', 'none']), false],
  [P.containsAll('tags', []), true],
  [P.containsAll('missing', []), false],
  [P.containsAny('tags', ['none', 'shop']), true],
  [P.and(), true],
  [P.or(), false],
  [P.and(P.exists('done'), P.exists('missing')), false],
  [P.or(P.exists('missing'), P.exists('done')), true],
  [P.not(P.exists('missing')), true],
];

describe('evaluate', () => {
  it.each(cases.map(([node, verdict], i) => [i, node.op, verdict, node] as const))(
    '[Q-3] case %i, %s, is %s',
    (_, __, verdict, node) => {
      expect(evaluate(node, row)).toBe(verdict);
      expect(evaluate(P.not(node), row)).toBe(!verdict);
      expect(() => assertPredicate(node)).not.toThrow();
    },
  );

  it('[Q-1] the empty path is the value itself', () => {
    expect(evaluate(P.greaterThan('', 4), 5)).toBe(true);
    expect(evaluate(P.exists('a'), 'text')).toBe(false);
  });

  it('[Q-6] claims stand for values, and a missing one never matches, not even under not', () => {
    const mine = P.equal('owner.id', { $auth: 'sub' });
    const teams = P.in('owner.id', { $auth: 'org.teams' });
    const auth = { sub: 'u1', org: { teams: ['u1'] } };
    expect([evaluate(mine, row, { auth }), evaluate(teams, row, { auth })]).toEqual([true, true]);
    expect(evaluate(P.notEqual('owner.id', { $auth: 'sub' }), row, { auth: { sub: 'u2' } })).toBe(true);
    const negative = P.notEqual('owner.id', { $auth: 'sub' });
    for (const node of [
      mine,
      teams,
      P.not(mine),
      P.not(teams),
      negative,
      P.and(P.not(mine)),
      P.in('done', [{ $auth: 'x' }]),
    ]) {
      expect(evaluate(node, row)).toBe(false);
      expect(evaluate(node, row, { auth: { __proto__: { sub: 'u1' } } })).toBe(false);
    }
    expect(evaluate(P.or(P.exists('done'), mine), row)).toBe(true);
    expect(evaluate(P.not(P.and(mine, P.exists('missing'))), row)).toBe(true);
  });
});

describe('like', () => {
  it.each([
    ['%', '', true],
    ['', '', true],
    ['', 'a', false],
    ['a%c', 'abbc', true],
    ['a%c', 'abcb', false],
    ['%b%b%', 'abab', true],
    ['_', '', false],
    ['a_c', 'a\nc', true],
    ['a\\_c', 'abc', false],
    ['\\%', '%', true],
    ['a\\', 'a\\', true],
    ['ÄÖ', 'äö', true],
    ['%a', 'ba%', false],
    ['%aab', 'aaaab', true],
  ])('%j on %j is %s', (pattern, text, verdict) => {
    expect(compileLike(pattern)(text)).toBe(verdict);
  });

  it('[Q-4] no pattern is slow', () => {
    expect(compileLike(`${'%a'.repeat(100)}%b`)('a'.repeat(100_000))).toBe(false);
  });
});

describe('parseWhere', () => {
  it('reads fields, operators and junctions', () => {
    expect(parseWhere({ done: false })).toEqual(P.equal('done', false));
    expect(parseWhere({})).toEqual(P.and());
    expect(
      parseWhere({
        'owner.id': { $auth: 'sub' },
        priority: { $gte: 3, $lt: 5 },
        note: { plain: 'object' },
        $or: [{ a: { $exists: false } }, { $not: { b: { $in: [1] } } }],
        c: { $not: { $like: 'x%' } },
        d: { $between: [1, 2] },
      }),
    ).toEqual(
      P.and(
        P.equal('owner.id', { $auth: 'sub' }),
        P.and(P.greaterThanOrEqual('priority', 3), P.lessThan('priority', 5)),
        P.equal('note', { plain: 'object' }),
        P.or(P.not(P.exists('a')), P.not(P.in('b', [1]))),
        P.not(P.like('c', 'x%')),
        P.between('d', 1, 2),
      ),
    );
  });

  it.each([{ a: { $regex: 'x' } }, { $nor: [] }, { a: { $gt: 1, b: 2 } }, { a: { $constructor: 1 } }])(
    '[Q-7] refuses the unknown operator in %j',
    (where) => {
      expect(() => parseWhere(where)).toThrow(
        expect.objectContaining({ code: 'PREDICATE_OPERATOR_UNKNOWN' }),
      );
    },
  );

  it.each([
    { a: undefined },
    { a: { $in: 1 } },
    { a: { $between: [1] } },
    { a: { $exists: 1 } },
    { a: { $like: 1 } },
    { a: { $gt: undefined } },
    { $or: {} },
    { $and: [1] },
  ])('refuses the wrong operand in %j', (where) => {
    expect(() => parseWhere(where)).toThrow(expect.objectContaining({ code: 'PREDICATE_INVALID' }));
  });
});

describe('where-clauses that never end', () => {
  it('[Q-7] are refused by their levels', () => {
    const clause: Record<string, unknown> = {};
    clause.$not = clause;
    const operand: Record<string, unknown> = {};
    operand.$not = operand;
    for (const where of [clause, { a: operand }]) {
      expect(() => parseWhere(where)).toThrow(expect.objectContaining({ code: 'PREDICATE_INVALID' }));
    }
  });
});

describe('assertPredicate', () => {
  const deep = (levels: number): PredicateNode => (levels === 1 ? P.exists('a') : P.not(deep(levels - 1)));

  it.each<[what: string, node: unknown]>([
    ['nothing', undefined],
    ['17 levels', deep(17)],
    ['257 nodes', P.and(...new Array(256).fill(P.exists('a')))],
    ['no children', { op: 'and' }],
    ['no path', { op: 'exists' }],
    ['a path that is too long', P.exists('a'.repeat(513))],
    ['no value', { op: 'eq', path: 'a' }],
    ['a value that is not admitted', P.equal('a', Number.NaN)],
    ['values that are no list', { op: 'in', path: 'a', values: 1 }],
    ['too many values', P.in('a', new Array(1_001).fill(1))],
    ['a pattern that is too long', P.like('a', 'x'.repeat(257))],
  ])('refuses %s', (_, node) => {
    expect(() => assertPredicate(node)).toThrow(expect.objectContaining({ code: 'PREDICATE_INVALID' }));
  });

  it('[Q-7] takes what just fits, and names what it does not know', () => {
    expect(() => assertPredicate(deep(16))).not.toThrow();
    expect(() => assertPredicate(P.and(...new Array(255).fill(P.exists('a'))))).not.toThrow();
    expect(() => assertPredicate(P.and({ op: 'regex', path: 'a' } as unknown as PredicateNode))).toThrow(
      expect.objectContaining({
        code: 'PREDICATE_OPERATOR_UNKNOWN',
        message: expect.stringContaining('$.children[0]'),
      }),
    );
  });
});

describe('queries', () => {
  const rows: [string, { a?: unknown; b: number }][] = [
    ['z', { a: 1, b: 1 }],
    ['y', { a: 1, b: 1 }],
    ['x', { a: 'text', b: 0 }],
    ['w', { b: 5 }],
    ['v', { a: null, b: 9 }],
  ];

  it('[Q-8] sorts by several fields with the key last, mixed types in one order, then limits', () => {
    const keysOf = (sort: Record<string, 'asc' | 'desc'>, limit?: number) =>
      runQuery(normalizeQuery({ sort, ...(limit === undefined ? {} : { limit }) }), rows).map(([key]) => key);
    expect(keysOf({ a: 'asc' })).toEqual(['w', 'v', 'y', 'z', 'x']);
    expect(keysOf({ a: 'desc', b: 'asc' }, 3)).toEqual(['x', 'y', 'z']);
    expect(keysOf({})).toEqual(['v', 'w', 'x', 'y', 'z']);
  });

  it('a filter joins where and predicate', () => {
    expect(
      normalizeQuery({ where: { b: 1 }, predicate: P.exists('a'), sort: [['a', 'asc']], limit: 2 }),
    ).toEqual({
      where: P.and(P.equal('b', 1), P.exists('a')),
      sort: [['a', 'asc']],
      limit: 2,
    });
    expect(normalizeQuery({ where: {} })).toEqual({});
  });

  it('refuses wrong limits and sorts', () => {
    const refusal = expect.objectContaining({ code: 'QUERY_INVALID' });
    for (const limit of [0, -1, 1.5, Number.POSITIVE_INFINITY])
      expect(() => normalizeQuery({ limit })).toThrow(refusal);
    expect(() => normalizeQuery({ sort: { a: 'up' as 'asc' } })).toThrow(refusal);
    expect(() => normalizeQuery({ sort: new Array(9).fill(['a', 'asc']) })).toThrow(refusal);
  });
});
