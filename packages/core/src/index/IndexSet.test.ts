import { describe, expect, it } from 'vitest';
import { runQuery } from '../query/compileQuery.js';
import type { PredicateNode } from '../query/PredicateNode.js';
import { Predicates as P } from '../query/Predicates.js';
import { positionOf } from '../query/page/RowPosition.js';
import { IndexSet } from './IndexSet.js';
import type { IndexSpec } from './IndexSpec.js';
import type { RowSource } from './RowSource.js';

interface City {
  readonly country: string;
  readonly population: number;
  readonly tags?: readonly string[];
  readonly rank?: number | bigint;
}

/** 1,000 cities of 10 countries, 100 each. */
function cities(): Map<string, City> {
  const map = new Map<string, City>();
  for (let i = 0; i < 1_000; i++) {
    const population = (i * 7_919) % 10_007;
    map.set(`c${i}`, { country: `x${i % 10}`, population, ...(i % 50 === 0 && { tags: ['port'] }) });
  }
  return map;
}

function indexed<V>(source: RowSource<V>, ...specs: IndexSpec[]): IndexSet<V> {
  const set = new IndexSet(source);
  for (const spec of specs) set.declare(spec);
  set.buildSome(Infinity);
  return set;
}

const hash: IndexSpec = { kind: 'hash', path: 'country' };
const ordered: IndexSpec = { kind: 'ordered', path: 'population' };
const compound: IndexSpec = { kind: 'compound', paths: ['country', 'population'] };
const inX1 = P.equal('country', 'x1');
const refusal = expect.objectContaining({ code: 'INDEX_INVALID' });

describe('IndexSet', () => {
  it('[IDX-5] reads no more than the limit where a compound index gives the order, either way', () => {
    const map = cities();
    const set = indexed(map, hash, ordered, compound);
    for (const direction of ['asc', 'desc'] as const) {
      const spec = { where: inX1, sort: [['population', direction] as const], limit: 5 };
      const { rows, explanation } = set.inspect(spec);
      expect(rows).toEqual(runQuery(spec, map));
      expect(explanation).toMatchObject({
        path: { kind: 'range', index: 'compound(country, population)', on: 'country = "x1"' },
        sorting: 'index',
        examined: 5,
        expected: 5,
        residual: undefined,
      });
      const after = positionOf(spec.sort, ...(rows.at(-1) as [string, City]));
      const next = set.inspect({ ...spec, after });
      expect(next.rows).toEqual(runQuery({ ...spec, after }, map));
      expect(next.explanation.examined).toBe(5);
    }
  });

  it('[IDX-5] merges the first rows of several equal values', () => {
    const map = cities();
    const spec = {
      where: P.in('country', ['x1', 'x2', 'x3', 'none']),
      sort: [['population', 'desc'] as const],
      limit: 5,
    };
    const { rows, explanation } = indexed(map, compound).inspect(spec);
    expect(rows).toEqual(runQuery(spec, map));
    expect(explanation).toMatchObject({ sorting: 'merge', examined: 15, found: 5 });
  });

  it('[IDX-5] pages through several equal values that are sorted by, from either side', () => {
    const map = cities();
    const set = indexed(map, compound);
    const where = P.in('country', ['x1', 'x2', 'x3', 'x4']);
    for (const [country, population] of [
      ['asc', 'desc'],
      ['desc', 'desc'],
    ] as const) {
      const sort = [['country', country] as const, ['population', population] as const];
      const all = runQuery({ where, sort }, map);
      for (const at of [0, 99, 100, 150, 250, 399]) {
        const position = positionOf(sort, ...(all[at] as [string, City]));
        for (const page of [{ after: position }, { before: position }]) {
          const spec = { where, sort, limit: 20, ...page };
          const { rows, explanation } = set.inspect(spec);
          expect(rows).toEqual(runQuery(spec, map));
          // Stretches that lie wholly on the other side are not read.
          expect(explanation.examined).toBeLessThanOrEqual(80);
          if (rows.length === 0) expect(explanation.examined).toBe(0);
        }
      }
    }
  });

  it('[IDX-5] goes both ways within one compound index, and ends at the limit', () => {
    const map = new Map<string, unknown>();
    for (let i = 0; i < 500; i++) map.set(`k${i}`, { a: i % 5, b: (i * 37) % 101, c: i % 3 });
    const set = indexed(map, { kind: 'compound', paths: ['a', 'b', 'c'] });
    for (const [a, b, c] of [
      ['asc', 'desc', 'asc'],
      ['desc', 'asc', 'desc'],
      ['desc', 'desc', 'desc'],
    ] as const) {
      const spec = { sort: [['a', a] as const, ['b', b] as const, ['c', c] as const], limit: 150 };
      const { rows, explanation } = set.inspect(spec);
      expect(rows).toEqual(runQuery(spec, map));
      expect(explanation).toMatchObject({ path: { kind: 'order' }, sorting: 'index', examined: 150 });
      const after = positionOf(spec.sort, ...(rows[100] as [string, unknown]));
      const next = set.inspect({ ...spec, after });
      expect(next.rows).toEqual(runQuery({ ...spec, after }, map));
      expect(next.explanation.examined).toBe(150);
    }
  });

  it('[IDX-5] delivers level rows by key, few of them or many, and ends in their midst', () => {
    const map = new Map<string, unknown>();
    // Levels of 1, 2, 3 … 60 rows.
    for (let level = 1; level <= 60; level++)
      for (let i = 0; i < level; i++) map.set(`k${(i * 7 + level) % 97}.${level}.${i}`, { a: level });
    const set = indexed(map, { kind: 'ordered', path: 'a' });
    for (const sort of [[['a', 'asc'] as const], [['a', 'desc'] as const]]) {
      for (const limit of [1, 40, 61, 500, 1_500, 2_000]) {
        const { rows, explanation } = set.inspect({ sort, limit });
        expect(rows).toEqual(runQuery({ sort, limit }, map));
        expect(explanation).toMatchObject({ sorting: 'index', examined: Math.min(limit, map.size) });
        const before = positionOf(sort, 'k5', { a: 50 });
        expect(set.run({ sort, limit, before })).toEqual(runQuery({ sort, limit, before }, map));
        expect(set.run({ sort, limit, after: before })).toEqual(
          runQuery({ sort, limit, after: before }, map),
        );
      }
    }
  });

  it('[IDX-6] picks the cheaper of lookup, range, order and scan by counts', () => {
    const set = indexed(cities(), hash, ordered);
    const path = (where: PredicateNode, more = {}) => set.explain({ where, ...more }).path;
    expect(path(P.and(inX1, P.greaterThan('population', 9_900)))).toMatchObject({ kind: 'range' });
    expect(path(P.and(inX1, P.greaterThan('population', 100)))).toMatchObject({ kind: 'lookup' });
    expect(path(P.greaterThanOrEqual('population', 0))).toEqual({ kind: 'scan' });
    expect(path(P.exists('country'), { sort: [['population', 'asc']], limit: 3 })).toMatchObject({
      kind: 'order',
    });
    expect(path(P.or(inX1, P.lessThan('population', 50)))).toMatchObject({ kind: 'union' });
    expect(path(P.or(inX1, P.like('country', 'x%')))).toEqual({ kind: 'scan' });
  });

  it('[IDX-6] intersects lookups only where that promises clearly less', () => {
    const map = new Map<string, unknown>();
    for (let i = 0; i < 10_000; i++) map.set(`k${i}`, { a: i % 10, b: i % 11, half: i % 2 });
    const set = indexed(map, ...['a', 'b', 'half'].map((path) => ({ kind: 'hash' as const, path })));
    const both = set.inspect({ where: P.and(P.equal('a', 3), P.equal('b', 4)) });
    expect(both.explanation).toMatchObject({ path: { kind: 'intersection' }, found: both.rows.length });
    expect(both.explanation.examined).toBe(both.rows.length);
    const three = set.explain({ where: P.and(P.equal('a', 3), P.equal('b', 4), P.equal('half', 1)) });
    expect(three).toMatchObject({
      path: { kind: 'intersection', parts: [{}, {}, {}] },
      found: three.examined,
    });
    expect(set.explain({ where: P.and(P.equal('a', 3), P.equal('half', 1)) }).path.kind).toBe('lookup');
  });

  it('[IDX-6] reads nothing for a predicate that contradicts itself', () => {
    const set = indexed(cities());
    for (const where of [
      P.in('country', []),
      P.or(),
      P.and(inX1, P.containsAny('tags', [])),
      P.between('population', 1, 'x'),
      P.and(P.greaterThan('population', 1), P.lessThan('population', 'x')),
      P.and(P.exists('tags'), P.not(P.exists('tags'))),
    ])
      expect(set.explain({ where })).toMatchObject({ path: { kind: 'nothing' }, examined: 0, found: 0 });
  });

  it('[IDX-3] finds by item, by text, by presence and by absence', () => {
    const map = cities();
    const set = indexed(map, { kind: 'hash', path: 'tags' }, hash, { kind: 'ordered', path: 'tags' });
    expect(set.explain({ where: P.contains('tags', 'port') })).toMatchObject({
      path: { kind: 'lookup', on: 'tags contains "port"' },
      examined: 20,
      found: 20,
    });
    expect(set.explain({ where: P.exists('tags') })).toMatchObject({ path: { kind: 'range' }, examined: 20 });
    const where = P.and(P.not(P.exists('tags')), inX1);
    expect(set.run({ where })).toEqual(runQuery({ where }, map));
  });

  it('[IDX-3] takes the inner of several bounds of one field', () => {
    const map = cities();
    const set = indexed(map, ordered);
    const [low, high] = [[...map.values()][500]?.population, 9_000] as const;
    const gt = [P.greaterThan('population', low), P.greaterThanOrEqual('population', low)];
    const lt = [
      P.lessThan('population', high),
      P.lessThanOrEqual('population', high),
      P.lessThan('population', 9_500),
    ];
    for (const bounds of [
      [...gt, ...lt],
      [...lt.reverse(), ...gt.reverse()],
      [gt[0], lt[0]],
      [gt[1], lt[2]],
    ]) {
      const where = P.and(...(bounds as PredicateNode[]), P.exists('population'));
      const { rows, explanation } = set.inspect({ where });
      expect(rows).toEqual(runQuery({ where }, map));
      expect(explanation).toMatchObject({
        path: { kind: 'range' },
        examined: rows.length,
        residual: undefined,
      });
    }
  });

  it('[IDX-3] finds a text within the few that are texts among lists', () => {
    const map = new Map<string, unknown>();
    for (let i = 0; i < 500; i++)
      map.set(`k${i}`, { tags: i % 50 === 0 ? `big port ${i}` : ['port', `t${i % 9}`] });
    const set = indexed(map, { kind: 'hash', path: 'tags' });
    for (const [piece, found] of [
      ['big', 10],
      ['t7', 54],
      ['port', 500],
    ] as const) {
      const { rows, explanation } = set.inspect({ where: P.contains('tags', piece) });
      expect(rows).toEqual(runQuery({ where: P.contains('tags', piece) }, map));
      expect(rows).toHaveLength(found);
      expect(explanation.path.kind).toBe(found < 500 ? 'lookup' : 'scan');
      expect(explanation.examined).toBe(found);
    }
  });

  it('[IDX-3] takes a number and a bigint of one magnitude for the same', () => {
    const map = new Map<string, City>();
    for (let i = 0; i < 100; i++)
      map.set(`k${i}`, { country: '', population: 0, rank: i % 2 ? i : BigInt(i + 1) });
    for (const kind of ['hash', 'ordered'] as const) {
      const set = indexed(map, { kind, path: 'rank' });
      const where = P.equal('rank', 7n);
      expect(set.run({ where }).map(([key]) => key)).toEqual(['k6', 'k7']);
      expect(set.explain({ where }).examined).toBe(2);
      const twice = P.in('rank', [7, 7n, 9n, 7]);
      expect(set.run({ where: twice }).map(([key]) => key)).toEqual(['k6', 'k7', 'k8', 'k9']);
    }
  });

  it('[IDX-2] is not used before it is complete, and is built a slice at a time', () => {
    const map = cities();
    const set = new IndexSet(map);
    set.declare(hash);
    set.declare(ordered);
    expect(set.explain({ where: inX1 })).toMatchObject({
      path: { kind: 'scan' },
      refused: [
        { path: { index: 'hash(country)' }, reason: 'BUILD' },
        { path: { index: 'ordered(population)' }, reason: 'BUILD' },
      ],
    });
    expect(set.buildSome(400)).toEqual({ isComplete: false, indexed: 400, total: 1_000 });
    expect(set.indexes().map(({ rows, isComplete }) => [rows, isComplete])).toEqual([
      [400, false],
      [400, false],
    ]);
    set.declare(compound);
    expect(set.drop('hash(country)')).toBe(true);
    expect(set.drop('hash(country)')).toBe(false);
    expect(set.buildSome(601)).toEqual({ isComplete: false, indexed: 1, total: 1_000 });
    expect(set.indexes().map(({ isComplete }) => isComplete)).toEqual([true, false]);
    expect(set.buildSome(Infinity).isComplete).toBe(true);
  });

  it.each<[what: string, spec: unknown]>([
    ['nothing', undefined],
    ['an unknown kind', { kind: 'tree', path: 'a' }],
    ['no path', { kind: 'hash' }],
    ['a path too long', { kind: 'hash', path: 'a'.repeat(513) }],
    ['one path', { kind: 'compound', paths: ['a'] }],
    ['five paths', { kind: 'compound', paths: ['a', 'b', 'c', 'd', 'e'] }],
    ['a path twice', { kind: 'compound', paths: ['a', 'a'] }],
    ['paths that are none', { kind: 'compound', paths: ['a', 1] }],
    ['an empty name', { kind: 'hash', path: 'a', name: '' }],
  ])('[IDX-4] refuses %s', (_, spec) => {
    expect(() => new IndexSet(new Map()).declare(spec as IndexSpec)).toThrow(refusal);
  });

  it('[IDX-4] refuses a name that is taken and the 33rd index, and takes the same one twice', () => {
    const set = new IndexSet(new Map());
    for (let i = 0; i < 32; i++) set.declare({ kind: 'hash', path: `p${i}` });
    set.declare({ kind: 'hash', path: 'p3' });
    expect(set.indexes()).toHaveLength(32);
    expect(() => set.declare({ kind: 'ordered', path: 'x', name: 'hash(p3)' })).toThrow(refusal);
    expect(() => set.declare({ kind: 'hash', path: 'p32' })).toThrow(refusal);
    set.drop('hash(p3)');
    set.declare({ kind: 'ordered', path: 'x', name: 'hash(p3)' });
  });

  it('[IDX-7] leaves the order to memory where the view hides a field of the sort', () => {
    const map = cities();
    const set = indexed(map, compound);
    const spec = { where: inX1, sort: [['population', 'desc'] as const], limit: 5 };
    const see = (_: string, { country }: City) => ({ country }) as City;
    const { rows, explanation } = set.inspect(spec, { see, ordered: false });
    expect(rows.map(([key]) => key)).toEqual(['c1', 'c101', 'c11', 'c111', 'c121']);
    expect(explanation).toMatchObject({ path: { kind: 'range' }, sorting: 'top', examined: 100 });
  });

  it('[IDX-7] finds what a view makes match: values with less in them, and fields that are hidden', () => {
    const map = new Map<string, Record<string, unknown>>();
    for (let i = 0; i < 100; i++) map.set(`k${i}`, { a: i % 10, b: i });
    const view = { see: (_: string, { a }: Record<string, unknown>) => ({ a }), ordered: true };
    const whole = indexed(map, { kind: 'hash', path: '' }, { kind: 'ordered', path: '' });
    expect(whole.run({ where: P.equal('', { a: 3 }) }, view)).toHaveLength(10);
    expect(whole.run({ where: P.in('', [{ a: 3 }, { a: 4 }]) }, view)).toHaveLength(20);
    const hidden = indexed(map, { kind: 'ordered', path: 'b' });
    expect(hidden.run({ where: P.not(P.exists('b')) }, view)).toHaveLength(100);
    expect(hidden.run({ where: P.exists('b') }, view)).toEqual([]);
    expect(hidden.run({ where: P.notEqual('b', 5), sort: [['a', 'asc']], limit: 3 }, view)).toHaveLength(3);
  });

  it('[IDX-9] advises what would have saved most, until it is there', () => {
    const set = new IndexSet(cities());
    for (let i = 0; i < 3; i++) set.run({ where: inX1, sort: [['population', 'desc']], limit: 5 });
    set.run({ where: P.contains('tags', 'port') });
    set.run({ sort: [['population', 'asc']], limit: 10 });
    set.run({ where: P.greaterThan('population', 9_000) });
    expect(set.advice()).toEqual([
      { index: compound, queries: 3, rowsSaved: 3 * 995 },
      { index: ordered, queries: 2, rowsSaved: expect.any(Number) },
      { index: { kind: 'hash', path: 'tags' }, queries: 1, rowsSaved: 980 },
    ]);
    set.declare(compound);
    expect(set.advice().map(({ index }) => index)).toEqual([ordered, { kind: 'hash', path: 'tags' }]);
  });

  it('[IDX-9] advises nothing that is there, and a better index where one is of little use', () => {
    const set = indexed(cities(), hash, { kind: 'hash', path: 'tags', name: 'by tag' }, ordered);
    set.run({ where: P.and(P.contains('tags', 'port'), P.notEqual('country', 'x0')) });
    set.run({ where: P.and(inX1, P.like('country', '%')) });
    expect(set.advice()).toEqual([]);
    set.run({ where: P.and(inX1, P.greaterThan('population', 5_000)) });
    expect(set.advice().map(({ index }) => index)).toEqual([compound]);
  });

  it('[IDX-9] remembers 64 shapes of queries, the most useful ones', () => {
    const set = new IndexSet(cities());
    for (let i = 0; i < 100; i++) {
      const times = i % 2 ? 2 : 1;
      for (let n = 0; n < times; n++) set.run({ where: P.equal(`p${i}`, 1) });
    }
    const advice = set.advice();
    expect(advice).toHaveLength(64);
    expect(advice.filter(({ queries }) => queries === 2)).toHaveLength(50);
  });

  it('[IDX-2] tells indexes apart whose paths read the same when they are joined', () => {
    const set = new IndexSet(new Map<string, City>());
    set.declare({ kind: 'compound', paths: ['a, b', 'c'] });
    set.declare({ kind: 'compound', paths: ['a', 'b, c'] });
    expect(set.indexes().map(({ name }) => name)).toEqual(['compound("a, b", c)', 'compound(a, "b, c")']);
  });
});
