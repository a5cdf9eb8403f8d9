import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareValues } from '../value/compareValues.js';
import { deepEqual } from '../value/deepEqual.js';
import { runQuery } from './compileQuery.js';
import { evaluate } from './evaluate.js';
import { normalizeQuery } from './normalizeQuery.js';
import { Predicates as P } from './Predicates.js';

/** Each before the next. */
const ascending: readonly unknown[] = [
  undefined,
  null,
  false,
  true,
  -(2n ** 63n),
  -1.5,
  0,
  1,
  1n,
  1.5,
  2 ** 53,
  2n ** 53n + 1n,
  1e300,
  '',
  'A',
  'Z',
  'a',
  'a\0',
  'ab',
  'é',
  '\u{1f600}', // by code unit, so before what follows
  '\uffff',
  new Date(-1),
  new Date(0),
  new Uint8Array(),
  Uint8Array.of(1),
  Uint8Array.of(1, 0),
  Uint8Array.of(2),
  [],
  [null],
  [1],
  [1, 0],
  ['a'],
  [[]],
  {},
  { a: 1 },
  { a: 1, b: 0 },
  { a: 2 },
  { b: 0 },
];

describe('the order of values', () => {
  it('[SORT-2] [SORT-3] is one for all types, and total', () => {
    for (const [i, a] of ascending.entries())
      for (const [j, b] of ascending.entries())
        expect(Math.sign(compareValues(a, b)), `${i} and ${j}`).toBe(Math.sign(i - j));
  });

  it('[SORT-3] names of fields count in their order, not in that of writing', () => {
    expect(compareValues({ b: 1, a: 2 }, { a: 2, b: 1 })).toBe(0);
    expect(compareValues({ b: 1, a: 3 }, { a: 2, b: 9 })).toBeGreaterThan(0);
  });

  it('[SORT-4] levels what is deep-equal and nothing else', () => {
    const value = fc.oneof(
      fc.constantFrom(...ascending),
      fc.array(fc.constantFrom(...ascending.slice(1)), { maxLength: 2 }),
      fc.dictionary(fc.constantFrom('a', 'b'), fc.constantFrom(...ascending.slice(1))),
    );
    fc.assert(
      fc.property(value, value, (a, b) => {
        expect(compareValues(a, b) === 0).toBe(deepEqual(a, b));
        expect(Math.sign(compareValues(a, b))).toBe(-Math.sign(compareValues(b, a)) + 0);
      }),
      { numRuns: 2_000 },
    );
  });

  it('[SORT-4] comparing operators take a number and a bigint of one magnitude as level', () => {
    for (const node of [P.greaterThanOrEqual('', 1n), P.lessThanOrEqual('', 1n), P.between('', 1n, 1n)])
      expect(evaluate(node, 1)).toBe(true);
    for (const node of [P.greaterThan('', 1n), P.lessThan('', 1n)]) expect(evaluate(node, 1)).toBe(false);
    expect(compareValues(1, 1n)).toBeLessThan(0);
  });
});

describe('sorting', () => {
  const rows: [string, { a?: unknown; b: number }][] = [
    ['z', { a: 1, b: 1 }],
    ['y', { a: 1, b: 1 }],
    ['x', { a: 'text', b: 0 }],
    ['w', { b: 5 }],
    ['v', { a: null, b: 9 }],
  ];
  const keysOf = (sort: Record<string, 'asc' | 'desc'>, limit?: number) =>
    runQuery(normalizeQuery({ sort, ...(limit === undefined ? {} : { limit }) }), rows).map(([key]) => key);

  it('[SORT-2] mixed types, null and missing fields have their places', () => {
    expect(keysOf({ a: 'asc' })).toEqual(['w', 'v', 'y', 'z', 'x']);
    expect(keysOf({ a: 'desc' })).toEqual(['x', 'y', 'z', 'v', 'w']);
  });

  it('[SORT-1] the first path weighs most', () => {
    expect(keysOf({ a: 'asc', b: 'desc' })).toEqual(['w', 'v', 'y', 'z', 'x']);
    expect(keysOf({ b: 'desc', a: 'asc' })).toEqual(['v', 'w', 'y', 'z', 'x']);
  });

  it('[SORT-1] numbers for paths keep their order as pairs', () => {
    const pairs: [string, [number, number]][] = [
      ['p', [1, 2]],
      ['q', [2, 1]],
    ];
    const sorted = runQuery(
      normalizeQuery({
        sort: [
          ['1', 'asc'],
          ['0', 'asc'],
        ],
      }),
      pairs,
    );
    expect(sorted.map(([key]) => key)).toEqual(['q', 'p']);
  });

  it('[SORT-5] keys decide what is level, upwards', () => {
    expect(keysOf({})).toEqual(['v', 'w', 'x', 'y', 'z']);
    expect(keysOf({ none: 'desc' })).toEqual(['v', 'w', 'x', 'y', 'z']);
  });

  it('[SORT-6] [Q-8] the limit cuts after sorting', () => {
    expect(keysOf({ a: 'desc', b: 'asc' }, 3)).toEqual(['x', 'y', 'z']);
    expect(keysOf({ a: 'desc' }, 99)).toHaveLength(5);
  });
});
