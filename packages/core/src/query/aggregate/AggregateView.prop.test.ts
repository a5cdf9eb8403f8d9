import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareValues } from '../../value/compareValues.js';
import { deepEqual } from '../../value/deepEqual.js';
import { evaluate } from '../evaluate.js';
import { parsePath, readPath } from '../path.js';
import { AggregateView } from './AggregateView.js';
import { avg, count, distinct, max, min, sum } from './aggregates.js';
import { type AggregateFilter, normalizeAggregate } from './normalizeAggregate.js';

const field = fc.constantFrom<unknown>(
  ...[0, 1, 1n, 2, 2n, -3, 0.1, 0.2, 0.3, 1e30, -1e30, 2 ** 60, 2n ** 60n, '', 'a', 'missing', '1'],
  ...[true, null, new Date(0), new Date(1), [1], [1n], { b: 1 }, { b: 2 }, new Uint8Array([1])],
);
const value = fc.record({ a: field, b: field, n: field }, { requiredKeys: [] });
const write = fc.tuple(fc.constantFrom('p', 'q', 'r', 's', 't', 'u'), fc.option(value, { nil: undefined }));
const writes = fc.array(write, { maxLength: 40 });

const select = {
  rows: count(),
  there: count('n'),
  total: sum('n'),
  mean: avg('n'),
  least: min<unknown>('n'),
  most: max<unknown>('n'),
  each: distinct<unknown>('n'),
};
const filters: AggregateFilter[] = [
  { select },
  { select, groupBy: 'a' },
  { select, groupBy: ['a', 'b'], sort: { total: 'desc', b: 'asc' }, limit: 3 },
  { select: { n: count() }, groupBy: 'a', sort: { n: 'desc' }, limit: 2 },
];

const isSame = (a: unknown, b: unknown): boolean =>
  a === undefined || b === undefined ? a === b : evaluate({ op: 'eq', path: '', value: a }, b);

/** The rules written down the slow way: everything from all rows, each time. */
function naive(filter: AggregateFilter, rows: readonly unknown[]): Record<string, unknown>[] {
  const { spec } = normalizeAggregate(filter);
  const at = (row: unknown, path: string): unknown => readPath(row, parsePath(path));
  const groups: unknown[][] = spec.groupBy.length === 0 ? [[]] : [];
  const homeOf = (row: unknown): unknown[] | undefined =>
    groups.find(
      ([first]) =>
        first === undefined || spec.groupBy.every((path) => isSame(at(first, path), at(row, path))),
    );
  for (const row of rows) {
    const home = homeOf(row);
    if (home) home.push(row);
    else groups.push([row]);
  }
  const merged = (values: readonly unknown[]): unknown[] => {
    const sorted = [...values].sort(compareValues);
    return sorted.filter((item, i) => i === 0 || !isSame(sorted[i - 1], item));
  };
  const all = groups.map((members) => {
    const result: Record<string, unknown> = {};
    for (const path of spec.groupBy) [result[path]] = merged(members.map((row) => at(row, path)));
    for (const [name, { fn, path }] of spec.select) {
      const there = members
        .map((row) => (path === undefined ? true : at(row, path)))
        .filter((item) => item !== undefined && item !== null);
      const numbers = there.filter((item) => typeof item === 'number' || typeof item === 'bigint');
      const sorted = [...there].sort(compareValues);
      const results = {
        count: () => there.length,
        sum: () => exactly(numbers, 1n),
        avg: () => (numbers.length === 0 ? undefined : exactly(numbers.map(Number), BigInt(numbers.length))),
        min: () => sorted[0],
        max: () => sorted.at(-1),
        distinct: () => merged(there),
      };
      result[name] = results[fn]();
    }
    return result;
  });
  all.sort((a, b) => {
    const by = [...spec.sort, ...spec.groupBy.map((path) => [path, 'asc'] as const)];
    for (const [name, direction] of by) {
      const order = compareValues(a[name], b[name]);
      if (order !== 0) return direction === 'desc' ? -order : order;
    }
    return 0;
  });
  return all.slice(0, spec.limit);
}

/** Numbers of this test are whole multiples of 2^-60 below 2^100, so bigints of that unit hold them exactly. */
function exactly(numbers: readonly (number | bigint)[], count: bigint): number | bigint {
  const units = numbers.reduce<bigint>(
    (total, n) => total + (typeof n === 'bigint' ? n << 60n : BigInt(n * 2 ** 60)),
    0n,
  );
  if (count === 1n && numbers.length > 0 && numbers.every((n) => typeof n === 'bigint')) return units >> 60n;
  const size = (units < 0n ? -units : units) << 200n;
  // 200 more bits and a last one for the rest round as the exact quotient does.
  const quotient = (size / count) | (size % count === 0n ? 0n : 1n);
  const nearest = Number(quotient) / 2 ** 200 / 2 ** 60;
  return units < 0n ? -nearest : nearest;
}

const withoutKey = (rows: readonly Record<string, unknown>[]): unknown[] =>
  rows.map(({ _key, ...rest }) => rest);

describe('AggregateView', () => {
  it.each(filters)('[AGG-4] kept up to date, %j is what adding up anew gives', (filter) => {
    fc.assert(
      fc.property(writes, (list) => {
        const { spec } = normalizeAggregate(filter);
        const view = new AggregateView(spec);
        const state = new Map<string, unknown>();
        for (const [key, now] of list) {
          view.change(state.get(key), now);
          if (now === undefined) state.delete(key);
          else state.set(key, now);
          const fresh = new AggregateView(spec);
          for (const row of state.values()) fresh.change(undefined, row);
          expect(view.rows()).toEqual(fresh.rows());
        }
        expect(withoutKey(view.rows())).toEqual(naive(filter, [...state.values()]));
      }),
      { numRuns: 150 },
    );
  });

  it.each(filters)('[AGG-6] %j keeps groups that did not change, and the array when none did', (filter) => {
    fc.assert(
      fc.property(writes, (list) => {
        const view = new AggregateView(normalizeAggregate(filter).spec);
        const state = new Map<string, unknown>();
        let before = view.rows();
        for (const [key, now] of list) {
          view.change(state.get(key), now);
          if (now === undefined) state.delete(key);
          else state.set(key, now);
          const rows = view.rows();
          for (const row of rows) {
            const equal = before.find((old) => deepEqual(old, row));
            expect(equal === undefined || equal === row).toBe(true);
          }
          expect(rows === before).toBe(deepEqual(rows, before));
          before = rows;
        }
      }),
      { numRuns: 50 },
    );
  });

  it('[AGG-6] many groups changed at once come out as those changed one by one', () => {
    const filter = { groupBy: 'g', select: { n: count(), top: max('v') }, sort: { top: 'desc' } } as const;
    const [atOnce, stepwise] = [0, 1].map(() => new AggregateView(normalizeAggregate(filter).spec));
    for (let i = 0; i < 500; i++) {
      const row = { g: (i * 7) % 97, v: (i * 31) % 101 };
      atOnce?.change(undefined, row);
      stepwise?.change(undefined, row);
      stepwise?.rows();
    }
    expect(atOnce?.rows()).toHaveLength(97);
    expect(atOnce?.rows()).toEqual(stepwise?.rows());
  });
});
