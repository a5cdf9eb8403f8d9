import { normalizeQuery, type QueryFilter, runQuery, TopGunError } from '@topgun/core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { setContext } from './clientContext.js';
import { FakeStore, FakeWorld } from './engine/testing/FakeWorld.js';
import type { HandleContext } from './handles/HandleContext.js';
import {
  declareIndex,
  dropIndex,
  explain,
  explainText,
  indexAdvice,
  indexes,
  indexProgress,
  onIndexProgress,
} from './indexes.js';
import type { TopGunClient } from './TopGunClient.js';
import { silentLogger } from './utils/logger.js';
import { Timers } from './utils/Timers.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A client on a device without server that holds `count` rows of 10 owners. */
function device(count = 100) {
  const world = new FakeWorld();
  const { engine } = world.started(new FakeStore(), { server: false });
  const client = {} as TopGunClient;
  const context = { engine, writable: () => engine, timers: new Timers(), logger: silentLogger };
  setContext(client, context as unknown as HandleContext);
  const put = (i: number, owner: number, n = i): void => void engine.put('m', `k${i}`, { owner, n });
  for (let i = 0; i < count; i++) put(i, i % 10);
  const ask = (filter: QueryFilter) => {
    engine.openQuery('q', 'm', normalizeQuery(filter));
    return engine.queryResult('q').rows.map(({ key }) => key);
  };
  const scan = (filter: QueryFilter) =>
    runQuery(normalizeQuery(filter), engine.entries('m')).map(([key]) => key);
  const build = async (): Promise<void> => {
    while (!indexProgress(client, 'm').isComplete) await vi.advanceTimersByTimeAsync(10);
  };
  return { world, engine, client, put, ask, scan, build };
}

const ofOwner = (owner: number): QueryFilter => ({ where: { owner }, sort: { n: 'desc' }, limit: 3 });
const codeOf = (work: () => unknown): string | undefined => {
  try {
    work();
  } catch (error) {
    return error instanceof TopGunError ? error.code : String(error);
  }
  return undefined;
};

describe('indexes on the device', () => {
  it('[QRY-15] a query is opened by the cheapest way, and its result is that of a scan', async () => {
    const { client, ask, scan, put, build } = device();
    expect(explain(client, 'm', ofOwner(4))).toMatchObject({ path: { kind: 'scan' }, examined: 100 });
    declareIndex(client, 'm', { kind: 'compound', paths: ['owner', 'n'] });
    await build();
    expect(explain(client, 'm', ofOwner(4))).toMatchObject({
      path: { kind: 'range' },
      examined: 3,
      found: 3,
    });
    expect(ask(ofOwner(4))).toEqual(['k94', 'k84', 'k74']);
    put(94, 5);
    put(3, 4, 1000);
    expect(ask(ofOwner(4))).toEqual(scan(ofOwner(4)));
    expect(ask(ofOwner(4))).toEqual(['k3', 'k84', 'k74']);
  });

  it('[QRY-15] a query whose rows leave it is filled up by the index, not by a scan', async () => {
    const { client, engine, put, ask, scan, build } = device(1000);
    declareIndex(client, 'm', { kind: 'compound', paths: ['owner', 'n'] });
    await build();
    ask(ofOwner(7));
    const read = vi.spyOn(Map.prototype, 'values');
    for (let i = 997; i > 700; i -= 10) {
      put(i, 3);
      engine.queryResult('q');
    }
    // A look at all rows begins with their values.
    const sizes = read.mock.contexts.map((map) => (map as Map<unknown, unknown>).size);
    read.mockRestore();
    expect(Math.max(0, ...sizes)).toBeLessThan(1000);
    expect(engine.queryResult('q').rows.map(({ key }) => key)).toEqual(scan(ofOwner(7)));
  });

  it('[QRY-16] is built in slices, told after each, and used when complete; what is declared together is built together', async () => {
    const { client, build } = device(2000);
    const told: number[] = [];
    onIndexProgress(client, 'm', ({ indexed }) => told.push(indexed));
    expect(declareIndex(client, 'm', { kind: 'hash', path: 'owner' })).toBe('hash(owner)');
    declareIndex(client, 'm', { kind: 'ordered', path: 'n', name: 'by n' });
    expect(indexes(client, 'm').map(({ isComplete }) => isComplete)).toEqual([false, false]);
    expect(explain(client, 'm', ofOwner(1)).path.kind).toBe('scan');
    await build();
    expect(told.at(-1)).toBe(2000);
    expect(indexes(client, 'm')).toMatchObject([
      { name: 'hash(owner)', rows: 2000, isComplete: true },
      { name: 'by n', rows: 2000, isComplete: true },
    ]);
    expect(explainText(explain(client, 'm', ofOwner(1)))).toContain('lookup in hash(owner): owner = 1');
  });

  it('[QRY-16] one declared before its map has rows grows with them', async () => {
    const { client, ask, put, build } = device(0);
    declareIndex(client, 'm', { kind: 'hash', path: 'owner' });
    await build();
    for (let i = 0; i < 50; i++) put(i, i % 5);
    await build();
    expect(indexes(client, 'm')).toMatchObject([{ rows: 50, isComplete: true }]);
    expect(ask(ofOwner(2))).toEqual(['k47', 'k42', 'k37']);
  });

  it('[QRY-16] is dropped at any time', async () => {
    const { client, ask, build } = device();
    declareIndex(client, 'm', { kind: 'hash', path: 'owner' });
    expect(dropIndex(client, 'm', 'hash(owner)')).toBe(true);
    expect(dropIndex(client, 'm', 'hash(owner)')).toBe(false);
    await build();
    expect(indexes(client, 'm')).toEqual([]);
    expect(ask(ofOwner(2))).toEqual(['k92', 'k82', 'k72']);
  });

  it('[QRY-16] is that of the rows there are when the map turns out to be of another kind', async () => {
    const world = new FakeWorld();
    for (let i = 0; i < 20; i++)
      world.server.put('m', `k${i}`, { owner: i % 2 }, 1_600_000_000_000 * 2048 + i);
    const { engine } = world.realm();
    const client = {} as TopGunClient;
    const context = { engine, writable: () => engine, timers: new Timers(), logger: silentLogger };
    setContext(client, context as unknown as HandleContext);
    engine.orAdd('m', 'own', { owner: 1 });
    declareIndex(client, 'm', { kind: 'hash', path: 'owner' });
    await vi.advanceTimersByTimeAsync(50);
    engine.openQuery('q', 'm', normalizeQuery({ where: { owner: 1 } }));
    expect(engine.queryResult('q').rows).toHaveLength(1);
    engine.boot();
    engine.start();
    world.settle();
    expect(engine.queryResult('q').rows).toHaveLength(10);
    await vi.advanceTimersByTimeAsync(50);
    // The query brought no others.
    expect(indexes(client, 'm')).toMatchObject([{ rows: 10, isComplete: true }]);
  });

  it('[QRY-15] with rows that queries hold, the rows held are what counts', async () => {
    const world = new FakeWorld();
    for (let i = 0; i < 20; i++)
      world.server.put('m', `k${i}`, { owner: i % 2, n: i }, 1_600_000_000_000 * 2048 + i);
    const { engine } = world.started(new FakeStore());
    const client = {} as TopGunClient;
    const context = { engine, writable: () => engine, timers: new Timers(), logger: silentLogger };
    setContext(client, context as unknown as HandleContext);
    declareIndex(client, 'm', { kind: 'hash', path: 'owner' });
    engine.openQuery('all', 'm', normalizeQuery({ where: { owner: 1 } }));
    world.settle();
    await vi.advanceTimersByTimeAsync(50);
    engine.closeQuery('all');
    engine.openQuery('top', 'm', normalizeQuery({ where: { owner: 1 }, sort: { n: 'asc' }, limit: 2 }));
    world.server.put('m', 'k1', undefined, 1_600_000_000_000 * 2048 + 100);
    world.settle();
    expect(engine.queryResult('top')).toMatchObject({
      status: 'complete',
      rows: [{ key: 'k3' }, { key: 'k5' }],
    });
  });

  it('[QRY-17] advice counts what queries read in vain', () => {
    const { client, ask } = device();
    expect(indexAdvice(client, 'm')).toEqual([]);
    ask({ where: { owner: 3 } });
    expect(indexAdvice(client, 'm')).toMatchObject([{ queries: 1, rowsSaved: 90 }]);
  });

  it('[QRY-16] refuses wrong specs and names that are taken', () => {
    const { client } = device();
    declareIndex(client, 'm', { kind: 'hash', path: 'owner', name: 'x' });
    expect(declareIndex(client, 'm', { kind: 'hash', path: 'owner', name: 'x' })).toBe('x');
    expect(codeOf(() => declareIndex(client, 'm', { kind: 'hash', path: 'n', name: 'x' }))).toBe(
      'INDEX_INVALID',
    );
    expect(codeOf(() => declareIndex(client, 'm', { kind: 'tree' } as never))).toBe('INDEX_INVALID');
    expect(codeOf(() => declareIndex(client, '', { kind: 'hash', path: 'n' }))).toBe('MAP_NAME_INVALID');
    expect(codeOf(() => explain(client, 'm', { where: { n: { $nope: 1 } } }))).toBe(
      'PREDICATE_OPERATOR_UNKNOWN',
    );
  });
});
