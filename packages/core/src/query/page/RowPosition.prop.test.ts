import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareValues } from '../../value/compareValues.js';
import { compileQuery, type QuerySpec, runQuery, type SortDirection } from '../compileQuery.js';
import { LiveWindow } from '../LiveWindow.js';
import { parsePath, readPath } from '../path.js';
import { positionOf } from './RowPosition.js';

type Row = readonly [key: string, value: unknown];

const field = fc.constantFrom(0, 1, 1n, 2, '', 'a', true, null, new Date(0), [1], { b: 1 });
const value = fc.record({ a: field, b: field, hit: fc.boolean() }, { requiredKeys: [] });
const key = fc.constantFrom('', 'a', 'b', 'c', 'd', 'e', 'f', 'g');
const direction = fc.constantFrom<SortDirection>('asc', 'desc');
const sort = fc.uniqueArray(fc.tuple(fc.constantFrom('a', 'b'), direction), { selector: ([path]) => path });
const rows = fc.uniqueArray(fc.tuple(key, value), { selector: ([name]) => name });

/** The order of the rule, written down once more without any of the code under test but the order of values. */
const naiveOrder =
  (by: readonly (readonly [string, SortDirection])[]) =>
  (a: Row, b: Row): number => {
    for (const [path, dir] of by) {
      const [x, y] = [a, b].map((row) => readPath(row[1], parsePath(path)));
      const order = compareValues(x, y);
      if (order !== 0) return dir === 'asc' ? order : -order;
    }
    return a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0;
  };

describe('rows beyond a position', () => {
  it('[PAGE-1] are those behind it in order, or those before it with the nearest first', () => {
    fc.assert(
      fc.property(rows, sort, fc.tuple(key, value), fc.integer({ min: 1, max: 9 }), (data, by, at, limit) => {
        const order = naiveOrder(by);
        const sorted = [...data].sort(order);
        const position = positionOf(by, ...at);
        const after = sorted.filter((row) => order(row, at) > 0).slice(0, limit);
        const before = sorted
          .filter((row) => order(row, at) < 0)
          .reverse()
          .slice(0, limit);
        expect(runQuery({ sort: by, limit, after: position }, data)).toEqual(after);
        expect(runQuery({ sort: by, limit, before: position }, data)).toEqual(before);
      }),
    );
  });

  it('[PAGE-1] a live window on them shows what a fresh run would', () => {
    fc.assert(
      fc.property(
        rows,
        sort,
        fc.tuple(key, value),
        fc.array(fc.tuple(key, fc.option(value, { nil: undefined }))),
        fc.boolean(),
        (data, by, at, writes, isAfter) => {
          const position = positionOf(by, ...at);
          const spec: QuerySpec = {
            where: { op: 'exists', path: 'hit' },
            sort: by,
            limit: 3,
            ...(isAfter ? { after: position } : { before: position }),
          };
          const state = new Map<string, unknown>(data);
          const window = new LiveWindow<unknown>(spec);
          window.reset(state);
          for (const [name, now] of writes) {
            window.apply(name, now);
            if (now === undefined) state.delete(name);
            else state.set(name, now);
            expect(window.rows()).toEqual(runQuery(spec, state));
          }
        },
      ),
    );
  });

  it('[PAGE-2] pages in a row show each row that keeps its place exactly once, whatever is written meanwhile', () => {
    const write = fc.tuple(key, fc.option(value, { nil: undefined }));
    const writesPerPage = fc.array(fc.array(write, { maxLength: 4 }), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(
        rows,
        sort,
        fc.tuple(key, value),
        writesPerPage,
        fc.boolean(),
        (data, by, at, batches, forward) => {
          const state = new Map<string, unknown>(data);
          const steady = new Map(state);
          const start = positionOf(by, ...at);
          const shown: string[] = [];
          let position = start;
          for (const batch of [...batches, ...Array.from({ length: 8 }, () => [])]) {
            const page = runQuery(
              { sort: by, limit: 2, ...(forward ? { after: position } : { before: position }) },
              state,
            );
            for (const [name, now] of page) if (steady.get(name) === now) shown.push(name);
            const last = page.at(-1);
            if (last === undefined) break;
            position = positionOf(by, ...last);
            for (const [name, now] of batch) {
              steady.delete(name);
              if (now === undefined) state.delete(name);
              else state.set(name, now);
            }
          }
          const order = naiveOrder(by);
          const expected = [...steady].filter((row) => (forward ? order(row, at) > 0 : order(row, at) < 0));
          const throughout = shown.filter((name) => steady.has(name));
          expect([...throughout].sort()).toEqual(expected.map(([name]) => name).sort());
        },
      ),
    );
  });

  it('[PAGE-1] a position that is refused, or whose fields are too long, is named as such', () => {
    const invalid = expect.objectContaining({ code: 'QUERY_INVALID' });
    const by = [['a', 'asc']] as const;
    expect(() => positionOf(by, 'k', { a: 'x'.repeat(16 * 1024) })).toThrow(invalid);
    expect(positionOf(by, 'k', { a: 'x'.repeat(16_000) }).values).toHaveLength(1);
    let deep: unknown = 1;
    for (let level = 0; level < 23; level++) deep = { deep };
    expect(() => positionOf(by, 'k', { a: deep })).toThrow(invalid);
  });

  it('a query without position selects whatever matches', () => {
    const { selects } = compileQuery({ where: { op: 'exists', path: 'a' } });
    expect([selects('k', { a: 1 }), selects('k', {})]).toEqual([true, false]);
  });
});
