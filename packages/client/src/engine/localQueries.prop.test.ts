import { compileQuery, normalizeQuery, type QueryFilter } from '@topgun/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { QueryRows } from '../query/QueryRows.js';
import type { ResultRow } from './MapRows.js';
import { queryName } from './QueryFeed.js';
import type { QueryResult, RealmEngine } from './RealmEngine.js';
import { step as takeStep } from './rowSteps.js';
import { itemOf } from './rows.js';
import { FakeStore, FakeWorld } from './testing/FakeWorld.js';

const specs = (
  [
    {},
    { where: { n: 1 } },
    { where: { n: { $gte: 1 } }, sort: { m: 'desc' }, limit: 2 },
    { where: { $or: [{ n: 2 }, { m: { $between: [1, 2] } }] }, sort: { n: 'asc' }, limit: 1 },
    { where: { n: { $not: { $eq: 0 } } }, sort: { n: 'desc', m: 'asc' }, limit: 3 },
  ] satisfies QueryFilter[]
).map((filter) => normalizeQuery(filter));
const maps = ['whole', 'asked', 'tags', 'likes'];

const key = fc.constantFrom('a', 'b', 'c', 'd', 'c\0', 'c\0d');
const value = fc.record({ n: fc.nat({ max: 2 }), m: fc.nat({ max: 2 }) });
const ttlMs = fc.option(fc.integer({ min: 1, max: 3000 }), { nil: undefined });
const lww = fc.constantFrom('whole', 'asked');
const about = { map: fc.constantFrom(...maps), spec: fc.nat({ max: specs.length - 1 }) };
const action = fc.oneof(
  fc.record({ do: fc.constant('put' as const), map: lww, key, value, ttlMs }),
  fc.record({ do: fc.constant('remove' as const), map: lww, key }),
  fc.record({
    do: fc.constant('theirs' as const),
    map: lww,
    key,
    value: fc.option(value, { nil: undefined }),
  }),
  fc.record({ do: fc.constant('add' as const), key, value, ttlMs }),
  fc.record({ do: fc.constant('take' as const), key }),
  fc.record({ do: fc.constant('count' as const) }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 2000 }) }),
  fc.record({ do: fc.constant('network' as const), isUp: fc.boolean() }),
  fc.record({ do: fc.constant('open' as const), ...about }),
  fc.record({ do: fc.constant('close' as const), ...about }),
  fc.record({ do: fc.constant('read' as const), map: fc.constantFrom(undefined, ...maps) }),
);

/** An open query as two readers follow it: one that takes steps where there are any, one that looks at the whole. */
class Reader {
  readonly map: string;
  readonly #spec: (typeof specs)[number];
  readonly #byStep = new QueryRows<object>();
  readonly #byLook = new QueryRows<object>();
  #rows: readonly ResultRow[] | undefined;
  #version: object | undefined;

  constructor(map: string, spec: (typeof specs)[number]) {
    this.map = map;
    this.#spec = spec;
  }

  read(engine: RealmEngine, id: string): void {
    const before = this.#rows;
    const { steps, version } = engine.queryProgress(id, this.#version);
    const { rows, status } = resultOf(engine, id);
    expect(version === this.#version).toBe(rows === before);
    this.#version = version;
    // A server is meant to be: where the map is not here as a whole, it is the query that it has answered.
    expect(rows).toEqual(this.#fresh(engine, status === 'complete' && !engine.isSynced(this.map)));
    this.#rows = rows;
    if (rows === before) return;
    const changes = this.#byLook.update(rows);
    const same = this.#byStep.rows;
    const stepped = steps ? this.#byStep.follow(steps) : this.#byStep.update(rows);
    expect(new Set(stepped)).toEqual(new Set(changes));
    expect(this.#byStep.rows).toEqual(this.#byLook.rows);
    if (changes.length === 0) expect(new Set(this.#byStep.rows)).toEqual(new Set(same));
    if (!steps || !before) return;
    const followed = [...before];
    for (const one of steps) takeStep(followed, one, one.row);
    expect(followed).toEqual(rows);
  }

  /** What a run over the whole map finds. */
  #fresh(engine: RealmEngine, isByHolds: boolean): readonly ResultRow[] {
    const map = engine.realm.replica.maps.get(this.map);
    if (!map) return [];
    const keys = new Set([...map.base.values()].map((row) => row.key).concat(...map.overlay.keys()));
    const rows = [...keys].flatMap((key): ResultRow[] =>
      map.kind === 'OR'
        ? map.elements(key).map((element) => ({ key, ...element }))
        : [{ key, value: map.read(key) }].filter((row) => row.value !== undefined),
    );
    const { matches, compare, limit } = compileQuery(this.#spec);
    const name = queryName(this.map, this.#spec);
    return rows
      .filter(({ key, tag, value }) => matches(value) && (!isByHolds || map.isHeldFor(name, { key, tag })))
      .sort((a, b) => compare(itemOf(a), a.value, itemOf(b), b.value))
      .slice(0, limit);
  }
}

/** A row by what makes it the same one. */
const identities = new Map<unknown, number>();
const parts = ({ key, tag, value }: ResultRow): unknown[] => {
  if (!identities.has(value)) identities.set(value, identities.size);
  return [key, tag, identities.get(value)];
};

/** By query of one engine: what was read last. A new array has other rows. */
const lastOf = new WeakMap<RealmEngine, Map<string, readonly ResultRow[]>>();
function resultOf(engine: RealmEngine, id: string): QueryResult {
  const last = lastOf.get(engine) ?? new Map<string, readonly ResultRow[]>();
  lastOf.set(engine, last);
  const result = engine.queryResult(id);
  const before = last.get(id);
  if (before && before !== result.rows) expect(result.rows.map(parts)).not.toEqual(before.map(parts));
  last.set(id, result.rows);
  return result;
}

describe('local queries', () => {
  it('[QRY-12 QRY-14 QRY-9] kept from change to change show what a run over the whole map finds', () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 40 }), fc.boolean(), (actions, isOnline) => {
        const world = new FakeWorld();
        world.isServerUp = isOnline;
        const realm = world.started(new FakeStore());
        const { engine } = realm;
        const readers = new Map<string, Reader>();
        const told = new Map<string, unknown>();
        realm.onEvent = (event) => {
          if (event.type === 'query') told.set(event.id, resultOf(engine, event.id));
        };
        const open = (map: string, at: number): void => {
          const spec = specs[at] ?? {};
          if (readers.has(`${map} ${at}`)) return;
          engine.openQuery(`${map} ${at}`, map, spec);
          readers.set(`${map} ${at}`, new Reader(map, spec));
        };
        engine.openMap('whole', 'LWW');
        engine.openMap('tags', 'OR');
        engine.openMap('likes', 'PN');
        for (const map of maps) for (let i = 0; i < 3; i++) open(map, i);
        world.settle();
        const read = (map?: string): void => {
          for (const [id, reader] of readers) if ((map ?? reader.map) === reader.map) reader.read(engine, id);
        };
        for (const [i, one] of actions.entries()) {
          if (one.do === 'put') engine.put(one.map, one.key, one.value, one.ttlMs);
          else if (one.do === 'remove') engine.remove(one.map, one.key);
          else if (one.do === 'theirs')
            world.server.put(one.map, one.key, one.value, world.timeMs * 2048 + i);
          else if (one.do === 'add') engine.orAdd('tags', one.key, one.value, one.ttlMs);
          else if (one.do === 'take') {
            const first = engine.orGet('tags', one.key)[0];
            if (first) engine.orRemove('tags', one.key, first.value);
          } else if (one.do === 'count') engine.increment('likes', 1);
          else if (one.do === 'wait') world.advance(one.ms);
          else if (one.do === 'network') one.isUp ? world.healNetwork() : world.cutNetwork();
          else if (one.do === 'open') open(one.map, one.spec);
          else if (one.do === 'close') {
            lastOf.get(engine)?.delete(`${one.map} ${one.spec}`);
            engine.closeQuery(`${one.map} ${one.spec}`);
            readers.delete(`${one.map} ${one.spec}`);
          } else read(one.map);
        }
        read();
        world.advance(10_000);
        // The app has been told of the last change of each.
        for (const id of readers.keys()) expect(told.get(id)).toEqual(resultOf(engine, id));
        read();
      }),
      { numRuns: 150 },
    );
  });

  it('[QRY-19] followed without being read, they take the same steps in place', () => {
    const write = fc.record({ key, value: fc.option(value, { nil: undefined }), isRead: fc.boolean() });
    let stepped = 0;
    fc.assert(
      fc.property(fc.array(write, { maxLength: 60 }), (writes) => {
        const world = new FakeWorld();
        const { engine } = world.started(new FakeStore(), { server: false });
        for (const [i, spec] of specs.entries()) engine.openQuery(`q${i}`, 'whole', spec);
        const followed = specs.map(() => new QueryRows<object>());
        const versions: (object | undefined)[] = specs.map(() => undefined);
        const follow = (i: number): void => {
          const { version, steps } = engine.queryProgress(`q${i}`, versions[i]);
          if (version === versions[i]) return;
          const before = followed[i]?.revision ?? 0;
          versions[i] = version;
          if (steps) stepped++;
          const changes = steps
            ? followed[i]?.follow(steps)
            : followed[i]?.update(engine.queryResult(`q${i}`).rows);
          if (changes && changes.length > 0) expect(followed[i]?.revision).toBeGreaterThan(before);
        };
        for (const one of writes) {
          if (one.value === undefined) engine.remove('whole', one.key);
          else engine.put('whole', one.key, one.value);
          for (const i of specs.keys()) {
            follow(i);
            if (!one.isRead) continue;
            const now = new QueryRows<object>();
            now.update(engine.queryResult(`q${i}`).rows);
            expect(followed[i]?.rows).toEqual(now.rows);
          }
        }
        for (const [i, spec] of specs.entries()) {
          engine.openQuery('fresh', 'whole', spec);
          const fresh = new QueryRows<object>();
          fresh.update(engine.queryResult('fresh').rows);
          expect(followed[i]?.rows).toEqual(writes.length > 0 ? fresh.rows : []);
        }
      }),
    );
    expect(stepped).toBeGreaterThan(100);
  });
});
