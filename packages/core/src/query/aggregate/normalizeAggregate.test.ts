import { describe, expect, it } from 'vitest';
import { AggregateView } from './AggregateView.js';
import { type Aggregate, avg, count, distinct, max, min, sum } from './aggregates.js';
import { type AggregateFilter, normalizeAggregate } from './normalizeAggregate.js';

const invalid = expect.objectContaining({ code: 'QUERY_INVALID' });

describe('normalizeAggregate', () => {
  it('[AGG-5] takes one path or several, and sorts by names', () => {
    const where = { done: false };
    const { query, spec } = normalizeAggregate({
      where,
      groupBy: 'owner.id',
      select: { n: count() },
      sort: { n: 'desc', 'owner.id': 'asc' },
      limit: 3,
    });
    expect(query).toEqual({ where: { op: 'eq', path: 'done', value: false } });
    expect(spec).toEqual({
      groupBy: ['owner.id'],
      select: [['n', { fn: 'count' }]],
      sort: [
        ['n', 'desc'],
        ['owner.id', 'asc'],
      ],
      limit: 3,
    });
  });

  const many = Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`n${i}`, count()]));
  it.each<[what: string, filter: AggregateFilter]>([
    ['nothing selected', { select: {} }],
    ['17 aggregates', { select: many }],
    ['9 paths', { groupBy: 'abcdefghi'.split(''), select: { n: count() } }],
    ['a path twice', { groupBy: ['a', 'a'], select: { n: count() } }],
    ['an aggregate named as a path', { groupBy: 'a', select: { a: count() } }],
    ['an aggregate named _key', { select: { _key: count() } }],
    ['an unknown function', { select: { n: { fn: 'median' as 'sum', path: 'a' } } }],
    ['a function of Object', { select: { n: { fn: 'toString' as 'sum', path: 'a' } } }],
    ['a sum of nothing', { select: { n: { fn: 'sum' } as Aggregate } }],
    ['a path that is no text', { select: { n: { fn: 'sum', path: 1 as unknown as string } } }],
    ['a sort by what is not there', { groupBy: 'a', select: { n: count() }, sort: { b: 'asc' } }],
    ['a wrong direction', { select: { n: count() }, sort: { n: 'up' as 'asc' } }],
    ['a limit of 0', { groupBy: 'a', select: { n: count() }, limit: 0 }],
  ])('[AGG-7] refuses %s', (_, filter) => {
    expect(() => normalizeAggregate(filter)).toThrow(invalid);
  });

  it('[AGG-7] refuses a wrong filter as queries do', () => {
    const filter = { where: { a: { $nope: 1 } }, select: { n: count() } };
    expect(() => normalizeAggregate(filter)).toThrow(
      expect.objectContaining({ code: 'PREDICATE_OPERATOR_UNKNOWN' }),
    );
  });
});

const rowsOf = (filter: AggregateFilter, values: readonly unknown[]): unknown[] => {
  const view = new AggregateView(normalizeAggregate(filter).spec);
  for (const value of values) view.change(undefined, value);
  return view.rows().map(({ _key, ...rest }) => rest);
};

describe('aggregates', () => {
  const select = {
    n: count(),
    there: count('v'),
    sum: sum('v'),
    avg: avg('v'),
    min: min<unknown>('v'),
    max: max<unknown>('v'),
    each: distinct<unknown>('v'),
  };

  it('[AGG-1] without groups there is one result, of no rows too', () => {
    expect(rowsOf({ select }, [])).toEqual([
      { n: 0, there: 0, sum: 0, avg: undefined, min: undefined, max: undefined, each: [] },
    ]);
    expect(rowsOf({ select, groupBy: 'g' }, [])).toEqual([]);
  });

  it('[AGG-2] sums take numbers and bigints, the others every type, and none takes null or what is missing', () => {
    const rows = [{ v: 1 }, { v: 2n }, { v: 'x' }, { v: null }, {}, { v: true }, { v: 'x' }];
    expect(rowsOf({ select }, rows)).toEqual([
      { n: 7, there: 5, sum: 3, avg: 1.5, min: true, max: 'x', each: [true, 1, 2n, 'x'] },
    ]);
    expect(rowsOf({ select: { s: sum<bigint>('v') } }, [{ v: 2n ** 63n }, { v: 2n ** 63n }])).toEqual([
      { s: 2n ** 64n },
    ]);
  });

  it('[AGG-1] null, a missing field and each value are groups of their own, 1 and 1n one group', () => {
    const rows = [
      { g: null },
      {},
      { g: 1 },
      { g: 1n },
      { g: 2n },
      { g: 'null' },
      { g: { a: 1 } },
      { g: { a: 1 } },
    ];
    expect(rowsOf({ groupBy: 'g', select: { n: count() } }, rows)).toEqual([
      { g: undefined, n: 1 },
      { g: null, n: 1 },
      { g: 1, n: 2 },
      { g: 2n, n: 1 },
      { g: 'null', n: 1 },
      { g: { a: 1 }, n: 2 },
    ]);
  });
});
