import fc from 'fast-check';
import type { QuerySpec } from '../../query/compileQuery.js';
import type { PredicateNode } from '../../query/PredicateNode.js';
import { positionOf } from '../../query/page/RowPosition.js';
import type { IndexSpec } from '../IndexSpec.js';

/** Values with ties between numbers and bigints, of all types, few enough to meet. */
const scalars = fc.oneof(
  fc.integer({ min: 0, max: 4 }),
  fc.constantFrom<unknown>(
    null,
    true,
    false,
    2n,
    3n,
    2n ** 53n,
    2n ** 53n + 1n,
    2 ** 53,
    0.5,
    -1,
    '2',
    'ab',
    'b',
    '',
    new Date(2),
    new Date(3),
    new Uint8Array([1]),
    { a: 1 },
    { a: 1n },
    [2],
    [2n],
  ),
);
const lists = fc.array(scalars, { maxLength: 3 });
const fields = fc.oneof({ weight: 3, arbitrary: scalars }, { weight: 1, arbitrary: lists });

/** Rows with fields missing, and some that have none. */
export const rowValues = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.record(
      { a: fields, b: scalars, c: fc.nat({ max: 2 }), deep: fc.record({ a: scalars }) },
      { requiredKeys: [] },
    ),
  },
  { weight: 1, arbitrary: scalars.filter((value) => value !== null) },
);
export const rowKeys = fc.nat({ max: 30 }).map((i) => `k${i}`);

const paths = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('a', 'b', 'c') },
  { weight: 2, arbitrary: fc.constantFrom('deep.a', 'a.0', '', 'none') },
);
const operands = fc.oneof(
  { weight: 9, arbitrary: scalars },
  { weight: 1, arbitrary: fc.constant({ $auth: 'sub' }) },
);
const operandLists = fc.oneof(
  { weight: 9, arbitrary: fc.array(operands, { maxLength: 4 }) },
  { weight: 1, arbitrary: fc.constant({ $auth: 'teams' }) },
);
const leaves: fc.Arbitrary<PredicateNode> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ op: fc.constant('eq' as const), path: paths, value: operands }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      op: fc.constantFrom('neq', 'gt', 'gte', 'lt', 'lte', 'contains'),
      path: paths,
      value: operands,
    }) as fc.Arbitrary<PredicateNode>,
  },
  {
    weight: 1,
    arbitrary: fc.record({ op: fc.constant('between' as const), path: paths, from: operands, to: operands }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constantFrom('in' as const, 'containsAll' as const, 'containsAny' as const),
      path: paths,
      values: operandLists,
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('exists' as const), path: paths }) },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant('like' as const),
      path: paths,
      pattern: fc.constantFrom('a%', '%b', '_'),
    }),
  },
);

/** Predicates, most of them conjunctions that indexes can help with. */
const { tree: predicates } = fc.letrec<{ tree: PredicateNode }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    leaves,
    fc.record({ op: fc.constant('and' as const), children: fc.array(tie('tree'), { maxLength: 3 }) }),
    fc.record({ op: fc.constant('or' as const), children: fc.array(tie('tree'), { maxLength: 3 }) }),
    fc.record({ op: fc.constant('not' as const), child: tie('tree') }),
  ),
}));

const sorts = fc.array(fc.tuple(paths, fc.constantFrom('asc' as const, 'desc' as const)), { maxLength: 3 });
const plainSpecs: fc.Arbitrary<QuerySpec> = fc.record(
  { where: predicates, sort: sorts, limit: fc.integer({ min: 1, max: 8 }) },
  { requiredKeys: [] },
);

/** Queries, some of them pages behind or before the place of a row that may be there. */
export const querySpecs: fc.Arbitrary<QuerySpec> = fc
  .tuple(
    plainSpecs,
    fc.constantFrom(undefined, undefined, 'after' as const, 'before' as const),
    rowKeys,
    rowValues,
  )
  .map(([spec, side, key, value]) =>
    side === undefined ? spec : { ...spec, [side]: positionOf(spec.sort, key, value) },
  );

export const indexSpecs: fc.Arbitrary<IndexSpec> = fc.oneof(
  fc.record({ kind: fc.constantFrom('hash' as const, 'ordered' as const), path: paths }),
  fc.record({
    kind: fc.constant('compound' as const),
    paths: fc.uniqueArray(paths, { minLength: 2, maxLength: 3 }),
  }),
);
