import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type QuerySpec, runQuery } from './compileQuery.js';
import { type Delta, LiveWindow } from './LiveWindow.js';
import { Predicates } from './Predicates.js';

interface Row {
  readonly a: unknown;
  readonly b?: number;
}

const keys = fc.constantFrom('k1', 'k2', 'k3', 'k4', 'k5', 'k6', 'k7');
const manyKeys = fc.nat({ max: 40 }).map((i) => `k${i}`);
const values: fc.Arbitrary<Row | undefined> = fc.option(
  fc.record(
    { a: fc.oneof(fc.nat({ max: 3 }), fc.constantFrom(null, '1', 2n)), b: fc.nat({ max: 3 }) },
    { requiredKeys: ['a'] },
  ),
  { nil: undefined },
);
const directions = fc.constantFrom('asc' as const, 'desc' as const);
const specs: fc.Arbitrary<QuerySpec> = fc.record(
  {
    where: fc.constantFrom(
      Predicates.exists('b'),
      Predicates.greaterThan('a', 0),
      Predicates.not(Predicates.equal('b', 1)),
    ),
    sort: fc.array(fc.tuple(fc.constantFrom('a', 'b', 'none'), directions), { maxLength: 3 }),
    limit: fc.integer({ min: 1, max: 4 }),
  },
  { requiredKeys: [] },
);

function follow(rows: (readonly [string, Row])[], deltas: readonly Delta<Row>[]): (readonly [string, Row])[] {
  let result = rows;
  for (const delta of deltas) {
    const known = result.some(([key]) => key === delta.key);
    expect(known).toBe(delta.type !== 'ENTER');
    if (delta.type !== 'ENTER') expect(result[delta.from]?.[0]).toBe(delta.key);
    result = result.filter(([key]) => key !== delta.key);
    if (delta.type !== 'LEAVE') result.splice(delta.index, 0, [delta.key, delta.value]);
  }
  return result;
}

describe('LiveWindow', () => {
  it('[Q-9] after every change shows what a fresh run gives, and its deltas lead there', () => {
    fc.assert(
      fc.property(
        specs,
        fc.array(fc.tuple(keys, values), { maxLength: 8 }),
        fc.array(fc.tuple(keys, values), { maxLength: 30 }),
        (spec, start, changes) => {
          const rows = new Map<string, Row>();
          for (const [key, value] of start) if (value !== undefined) rows.set(key, value);
          const window = new LiveWindow<Row>(spec);
          window.reset(rows);
          let followed: (readonly [string, Row])[] = runQuery(spec, rows);
          expect(window.rows()).toEqual(followed);
          for (const [key, value] of changes) {
            if (value === undefined) rows.delete(key);
            else rows.set(key, value);
            const deltas = window.apply(key, value);
            followed = follow(followed, deltas);
            const fresh = runQuery(spec, rows);
            expect(window.rows()).toEqual(fresh);
            expect(followed).toEqual(fresh);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it.each([
    ['whose run is up to date', false],
    ['whose run is ahead of what it was told', true],
  ])('[LW-1] with slack, %s, shows what a fresh run gives', (_, isAhead) => {
    fc.assert(
      fc.property(
        specs,
        fc.array(fc.tuple(manyKeys, values), { maxLength: 40, size: 'max' }),
        fc.array(fc.array(fc.tuple(manyKeys, values), { minLength: 1, maxLength: isAhead ? 6 : 1 }), {
          maxLength: 60,
          size: 'max',
        }),
        (spec, start, batches) => {
          const rows = new Map<string, Row>();
          for (const [key, value] of start) if (value !== undefined) rows.set(key, value);
          // Values made anew, as views make them.
          const window = new LiveWindow<Row>(spec, {
            run: (wider) => runQuery(wider, rows).map(([key, value]) => [key, { ...value }]),
          });
          window.reset(isAhead ? rows : undefined);
          let followed: (readonly [string, Row])[] = runQuery(spec, rows);
          expect(window.rows()).toEqual(followed);
          for (const batch of batches) {
            for (const [key, value] of batch) {
              if (value === undefined) rows.delete(key);
              else rows.set(key, value);
            }
            for (const [key, value] of batch) {
              followed = follow(followed, window.apply(key, value));
              expect(followed).toEqual(window.rows());
            }
            const fresh = runQuery(spec, rows);
            expect(followed).toEqual(fresh);
            const inside = fresh.map(([key]) => key);
            expect([...rows.keys()].filter((key) => window.has(key)).sort()).toEqual(inside.sort());
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  it.each([false, true])(
    '[LW-1] while rows leave from the front and others move behind (run ahead: %s)',
    (isAhead) => {
      // Few values at the front, so that slack is used up, and changes behind what is held.
      const step = fc.oneof(
        { weight: 5, arbitrary: fc.record({ front: fc.nat({ max: 2 }) }) },
        { weight: 1, arbitrary: fc.record({ front: fc.nat({ max: 2 }), to: fc.nat({ max: 1_000 }) }) },
        { weight: 3, arbitrary: fc.record({ moved: fc.nat({ max: 119 }), to: fc.nat({ max: 1_000 }) }) },
      );
      fc.assert(
        fc.property(
          fc.integer({ min: 1, max: 4 }),
          fc.array(fc.array(step, { minLength: 1, maxLength: isAhead ? 5 : 1 }), {
            minLength: 30,
            maxLength: 80,
            size: 'max',
          }),
          (limit, batches) => {
            const spec: QuerySpec = { sort: [['a', 'asc']], limit };
            const rows = new Map<string, Row>();
            for (let i = 0; i < 120; i++) rows.set(`k${i}`, { a: (i * 37) % 1_000 });
            let runs = 0;
            const window = new LiveWindow<Row>(spec, {
              run: (wider) => {
                runs++;
                return runQuery(wider, rows).map(([key, value]) => [key, { ...value }]);
              },
            });
            window.reset();
            let followed: (readonly [string, Row])[] = window.rows();
            for (const batch of batches) {
              const changed = batch.map((one) => {
                const key = 'front' in one ? runQuery(spec, rows)[one.front]?.[0] : `k${one.moved}`;
                if (key === undefined) return undefined;
                if ('to' in one) rows.set(key, { a: one.to });
                else rows.delete(key);
                return [key, rows.get(key)] as const;
              });
              for (const one of changed) {
                if (one === undefined) continue;
                const before = followed.map(([key]) => key);
                const deltas = window.apply(...one);
                followed = follow(followed, deltas);
                if (isAhead) continue;
                // Rows that stay as they are, are not told of.
                const after = followed.map(([key]) => key);
                for (const { key } of deltas)
                  expect(key === one[0] || before.includes(key) !== after.includes(key)).toBe(true);
              }
              expect(followed).toEqual(runQuery(spec, rows));
              expect(window.rows()).toEqual(followed);
            }
            fc.pre(runs > 1);
          },
        ),
        { numRuns: 150 },
      );
    },
  );

  it('[LW-2] runs again once in as many departures as there was slack, and never when all rows are held', () => {
    const rows = new Map<string, Row>();
    for (let i = 0; i < 1_000; i++) rows.set(`k${i}`, { a: i });
    const asked: (number | undefined)[] = [];
    const window = new LiveWindow<Row>(
      { sort: [['a', 'asc']], limit: 10 },
      {
        run: (wider) => {
          asked.push(wider.limit);
          return runQuery(wider, rows);
        },
      },
    );
    window.reset(rows);
    for (let i = 0; i < 995; i++) {
      rows.delete(`k${i}`);
      const deltas = window.apply(`k${i}`, undefined);
      expect(deltas).toHaveLength(i < 990 ? 2 : 1);
    }
    // Slack 10, 20, 40 … up to 1,024; the last run has found all there is.
    expect(asked).toEqual([30, 50, 90, 170, 330, 650]);
    expect(window.rows()).toHaveLength(5);
  });

  it('[LW-2] a row that enters fills the slack, so rows that come and go cost no run', () => {
    const rows = new Map<string, Row>();
    for (let i = 0; i < 1_000; i++) rows.set(`k${i}`, { a: i });
    let runs = 0;
    const window = new LiveWindow<Row>(
      { sort: [['a', 'asc']], limit: 10 },
      {
        run: (wider) => {
          runs++;
          return runQuery(wider, rows);
        },
      },
    );
    window.reset();
    for (let i = 0; i < 5_000; i++) {
      window.apply(`new${i}`, { a: -i });
      if (i >= 3) window.apply(`new${i - 3}`, undefined);
    }
    expect(runs).toBe(1);
    expect(window.rows().map(([key]) => key)).toEqual([
      'new4999',
      'new4998',
      'new4997',
      'k0',
      'k1',
      'k2',
      'k3',
      'k4',
      'k5',
      'k6',
    ]);
  });

  it('[Q-9] sends nothing for what stays outside', () => {
    const window = new LiveWindow<Row>({ sort: [['a', 'asc']], limit: 1 });
    window.reset([['k1', { a: 1 }]]);
    expect(window.apply('k2', { a: 2 })).toEqual([]);
    expect(window.apply('k2', { a: 3 })).toEqual([]);
    expect(window.apply('k1', undefined)).toEqual([
      { type: 'LEAVE', key: 'k1', from: 0 },
      { type: 'ENTER', key: 'k2', value: { a: 3 }, index: 0 },
    ]);
  });
});
