import { describe, expect, it } from 'vitest';
import { normalizeQuery } from './normalizeQuery.js';
import { Predicates as P } from './Predicates.js';
import { parseWhere } from './parseWhere.js';

describe('where-clauses', () => {
  it('[WHERE-1] read fields, operators and junctions', () => {
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

  it('[WHERE-1] every operator has its name with a dollar', () => {
    expect(
      parseWhere({
        $and: [
          { a: { $eq: 1 } },
          { a: { $neq: 1 } },
          { a: { $gt: 1 } },
          { a: { $lte: 1 } },
          { a: { $contains: 1 } },
          { a: { $containsAll: [1] } },
          { a: { $containsAny: [1] } },
          { a: { $exists: true } },
        ],
      }),
    ).toEqual(
      P.and(
        P.equal('a', 1),
        P.notEqual('a', 1),
        P.greaterThan('a', 1),
        P.lessThanOrEqual('a', 1),
        P.contains('a', 1),
        P.containsAll('a', [1]),
        P.containsAny('a', [1]),
        P.exists('a'),
      ),
    );
  });

  it('[WHERE-1] flags stand beside their expression, prefix beside its text', () => {
    expect(parseWhere({ a: { $regex: '^x' } })).toEqual(P.regex('a', '^x'));
    expect(parseWhere({ a: { $flags: 'i', $regex: '^x', $neq: 'xy' } })).toEqual(
      P.and(P.regex('a', '^x', 'i'), P.notEqual('a', 'xy')),
    );
    expect(parseWhere({ a: { $match: 'x' } })).toEqual(P.match('a', 'x'));
    expect(parseWhere({ a: { $match: 'x y', $prefix: true } })).toEqual(P.match('a', 'x y', true));
  });

  it('[WHERE-2] a filter joins clause and predicate', () => {
    expect(
      normalizeQuery({ where: { b: 1 }, predicate: P.exists('a'), sort: [['a', 'asc']], limit: 2 }),
    ).toEqual({
      where: P.and(P.equal('b', 1), P.exists('a')),
      sort: [['a', 'asc']],
      limit: 2,
    });
    expect(normalizeQuery({ where: {} })).toEqual({});
  });
});
