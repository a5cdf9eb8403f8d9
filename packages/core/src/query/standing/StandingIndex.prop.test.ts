import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluate } from '../evaluate.js';
import type { PredicateNode } from '../PredicateNode.js';
import { Predicates } from '../Predicates.js';
import { StandingIndex } from './StandingIndex.js';

const paths = fc.constantFrom('a', 'b', 'list', 'list.0', 'deep.a', '');
const scalars = fc.oneof(
  fc.integer({ min: 0, max: 5 }),
  fc.constantFrom<unknown>(null, true, 2n, 3n, '2', 'ab', 'b', '', 0.5, new Date(2), { a: 1 }, [2]),
);
const lists = fc.array(scalars, { maxLength: 3 });
const operands = fc.oneof(
  { weight: 6, arbitrary: scalars },
  { weight: 1, arbitrary: fc.constant({ $auth: 'sub' }) },
);

const leaves: fc.Arbitrary<PredicateNode> = fc.oneof(
  fc.record({
    op: fc.constantFrom('eq', 'neq', 'gt', 'gte', 'lt', 'lte', 'contains'),
    path: paths,
    value: operands,
  }) as fc.Arbitrary<PredicateNode>,
  fc.record({ op: fc.constant('between' as const), path: paths, from: operands, to: operands }),
  fc.record({
    op: fc.constantFrom('in' as const, 'containsAll' as const, 'containsAny' as const),
    path: paths,
    values: fc.oneof(fc.array(operands, { maxLength: 3 }), fc.constant({ $auth: 'teams' })),
  }) as fc.Arbitrary<PredicateNode>,
  fc.record({ op: fc.constant('exists' as const), path: paths }),
  fc.record({ op: fc.constant('like' as const), path: paths, pattern: fc.constantFrom('a%', '%b', '_') }),
);
const { tree: predicates } = fc.letrec<{ tree: PredicateNode }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    leaves,
    fc.record({
      op: fc.constantFrom('and' as const, 'or' as const),
      children: fc.array(tie('tree'), { maxLength: 3 }),
    }),
    fc.record({ op: fc.constant('not' as const), child: tie('tree') }),
  ),
}));
const values = fc.oneof(
  scalars,
  fc.record(
    { a: fc.oneof(scalars, lists), b: scalars, list: lists, deep: fc.record({ a: scalars }) },
    { requiredKeys: [] },
  ),
);

const found = <Q>(index: StandingIndex<Q>, value: unknown): Set<Q> => {
  const queries = new Set<Q>();
  index.candidates(value, (query) => queries.add(query));
  return queries;
};

describe('StandingIndex', () => {
  it('[Q-10] finds every query that a value matches, whatever came and went', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ where: fc.option(predicates, { nil: undefined }), stays: fc.boolean() }), {
          maxLength: 80,
        }),
        fc.array(values, { minLength: 1, maxLength: 10 }),
        (queries, looked) => {
          const index = new StandingIndex<number>();
          queries.forEach(({ where }, at) => {
            index.add(at, where);
          });
          queries.forEach(({ stays }, at) => {
            if (!stays) index.remove(at);
          });
          expect(index.size).toBe(queries.filter(({ stays }) => stays).length);
          for (const value of looked) {
            const candidates = found(index, value);
            queries.forEach(({ where, stays }, at) => {
              if (!stays) expect(candidates).not.toContain(at);
              else if (where === undefined || evaluate(where, value)) expect(candidates).toContain(at);
            });
          }
        },
      ),
      { numRuns: 400 },
    );
  });

  it('[Q-10] a mask that takes fields away takes no query from those that are found', () => {
    fc.assert(
      fc.property(predicates, values, fc.subarray(['a', 'b', 'list', 'deep']), (where, value, shown) => {
        if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Date)
          return;
        const masked = Object.fromEntries(Object.entries(value).filter(([name]) => shown.includes(name)));
        const index = new StandingIndex<string>();
        index.add('q', where);
        if (evaluate(where, masked)) expect(found(index, value)).toContain('q');
      }),
      { numRuns: 2_000 },
    );
  });

  it('[Q-10] finds only what a value may match: equals by value, ranges by bounds, junctions by their most telling part', () => {
    const index = new StandingIndex<string>();
    for (let i = 0; i < 1_000; i++) {
      index.add(`equal ${i}`, Predicates.equal('owner.id', i));
      index.add(`range ${i}`, Predicates.between('rank', i * 10, i * 10 + 9));
      index.add(
        `and ${i}`,
        Predicates.and(
          Predicates.greaterThanOrEqual('size', i * 10),
          Predicates.like('name', 'x%'),
          Predicates.lessThan('size', i * 10 + 5),
        ),
      );
      index.add(`or ${i}`, Predicates.or(Predicates.equal('team', `t${i}`), Predicates.contains('tags', i)));
    }
    index.add('any', undefined);
    index.add('not', Predicates.not(Predicates.equal('owner.id', 1)));
    const value = { owner: { id: 7 }, rank: 35, size: 52, team: 't9', tags: [8, 9] };
    expect([...found(index, value)].sort()).toEqual([
      'and 5',
      'any',
      'equal 7',
      'not',
      'or 8',
      'or 9',
      'range 3',
    ]);
    expect([...found(index, undefined)]).toEqual([]);
  });

  it('[Q-10] of the parts of an `and` the one that fewest others share tells most', () => {
    const index = new StandingIndex<number>();
    for (let i = 0; i < 1_000; i++)
      index.add(i, Predicates.and(Predicates.equal('done', false), Predicates.equal('owner', i)));
    // The first one could not know.
    expect([...found(index, { done: false, owner: 7 })]).toEqual([0, 7]);
    expect([...found(index, { done: true, owner: 7 })]).toEqual([7]);
  });
});
