import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runQuery } from '../query/compileQuery.js';
import { IndexSet } from './IndexSet.js';
import type { RowSource } from './RowSource.js';
import { indexSpecs, querySpecs, rowKeys, rowValues } from './testing/arbitraries.js';

const rows = fc.array(fc.tuple(rowKeys, rowValues), { maxLength: 60, size: 'max' });
const indexes = fc.array(indexSpecs, { maxLength: 5 });

/** The rows of a map, with entries as they were when they were asked for. */
function snapshots(map: ReadonlyMap<string, unknown>): RowSource<unknown> {
  return {
    get size() {
      return map.size;
    },
    get: (key) => map.get(key),
    entries: () => [...map],
  };
}

describe('IndexSet', () => {
  it('[IDX-1] gives the rows and the order of a scan, whatever indexes there are', () => {
    fc.assert(
      fc.property(
        rows,
        indexes,
        fc.array(querySpecs, { minLength: 1, maxLength: 6 }),
        (start, specs, queries) => {
          const map = new Map<string, unknown>(start);
          const set = new IndexSet(map);
          for (const spec of specs) set.declare(spec);
          expect(set.buildSome(Infinity)).toEqual({ isComplete: true, indexed: map.size, total: map.size });
          for (const query of queries) {
            const { rows: found, explanation } = set.inspect(query);
            expect(found, JSON.stringify(explanation.path)).toEqual(runQuery(query, map));
            expect(explanation.found).toBe(found.length);
            const isWhole =
              query.limit === undefined && query.after === undefined && query.before === undefined;
            if (isWhole && explanation.path.kind === 'range' && explanation.residual === undefined)
              expect(explanation.examined).toBe(found.length);
          }
        },
      ),
      { numRuns: 1_500 },
    );
  });

  it('[IDX-2] stays the same as one built anew, while rows change, indexes are built in slices, declared and dropped', () => {
    const steps = fc.array(
      fc.oneof(
        {
          weight: 6,
          arbitrary: fc.record({ key: rowKeys, value: fc.option(rowValues, { nil: undefined }) }),
        },
        { weight: 2, arbitrary: fc.record({ build: fc.integer({ min: 1, max: 10 }) }) },
        { weight: 1, arbitrary: fc.record({ declare: indexSpecs }) },
        { weight: 1, arbitrary: fc.record({ drop: fc.nat() }) },
        { weight: 2, arbitrary: fc.record({ query: querySpecs }) },
      ),
      { maxLength: 60, size: 'max' },
    );
    fc.assert(
      fc.property(
        rows,
        indexes,
        steps,
        fc.array(querySpecs, { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        (start, specs, all, queries, isSnapshot) => {
          const map = new Map<string, unknown>(start);
          const set = new IndexSet(isSnapshot ? snapshots(map) : map);
          for (const spec of specs) set.declare(spec);
          for (const step of all) {
            if ('build' in step) set.buildSome(step.build);
            else if ('declare' in step) set.declare(step.declare);
            else if ('query' in step) expect(set.run(step.query)).toEqual(runQuery(step.query, map));
            else if ('drop' in step) {
              const found = set.indexes();
              const name = found[step.drop % Math.max(1, found.length)]?.name;
              if (name !== undefined) expect(set.drop(name)).toBe(true);
            } else {
              const old = map.get(step.key);
              if (step.value === undefined) map.delete(step.key);
              else map.set(step.key, step.value);
              set.changed(step.key, old, step.value);
            }
          }
          while (!set.buildSome(7).isComplete);
          const anew = new IndexSet(map);
          for (const { spec } of set.indexes()) anew.declare(spec);
          anew.buildSome(Infinity);
          expect(set.indexes()).toEqual(anew.indexes());
          for (const query of queries) {
            expect(set.run(query)).toEqual(runQuery(query, map));
            expect(set.explain(query)).toEqual(anew.explain(query));
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('[IDX-7] under a view gives what a scan of the seen rows gives', () => {
    const views = fc.record({
      shown: fc.subarray(['a', 'b', 'c', 'deep']),
      hidden: fc.uniqueArray(rowKeys, { maxLength: 10 }),
    });
    fc.assert(
      fc.property(
        rows,
        indexes,
        views,
        fc.array(querySpecs, { minLength: 1, maxLength: 4 }),
        (start, specs, { shown, hidden }, queries) => {
          const map = new Map<string, unknown>(start);
          const set = new IndexSet(map);
          for (const spec of specs) set.declare(spec);
          set.buildSome(Infinity);
          const see = (key: string, value: unknown): unknown => {
            if (hidden.includes(key) || typeof value !== 'object' || value === null) return undefined;
            if (Array.isArray(value) || value instanceof Date || value instanceof Uint8Array)
              return undefined;
            return Object.fromEntries(Object.entries(value).filter(([name]) => shown.includes(name)));
          };
          const seen = [...map].flatMap(([key, value]): [string, unknown][] => {
            const row = see(key, value);
            return row === undefined ? [] : [[key, row]];
          });
          for (const query of queries) {
            const names = (query.sort ?? []).map(([path]) => path.split('.')[0] as string);
            const ordered = names.every((name) => shown.includes(name));
            expect(set.run(query, { see, ordered })).toEqual(runQuery(query, seen));
          }
        },
      ),
      { numRuns: 700 },
    );
  });
});
